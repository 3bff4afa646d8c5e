//===- Console.h - what the compiler says while it works ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Everything for people goes to stderr; stdout is for data that was asked for. On a terminal a phase is one line with
// a bar, bytes and the time left; elsewhere a plain line every ten seconds. With --message-format=json diagnostics are
// one JSON object per line.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_CONSOLE_H
#define LAPIDARY_COMPILER_CONSOLE_H

#include "support/Diagnostics.h"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace lapidary {

struct ConsoleOptions {
  bool quiet = false, verbose = false;
  bool json = false;  ///< diagnostics as JSON lines
  bool color = false; ///< ANSI colours
  enum { Bar, Plain, None } progress = Plain;
};

class Arguments;
/// From -q, -v, --color, --message-format, --progress, NO_COLOR and whether stderr is a terminal.
ConsoleOptions consoleOptions(const Arguments &arguments);

class Console {
public:
  explicit Console(ConsoleOptions options = {}) : options(options) {}

  /// Prints diagnostics as they come; valid as long as the console.
  Diagnostics::Handler handler();
  /// One line of information, unless quiet. `label` is what the line is about: "model", "plan".
  void line(const std::string &label, const std::string &text);
  /// The same, only with -v.
  void detail(const std::string &label, const std::string &text);

  /// Progress over `total` bytes; advance is thread safe.
  void beginProgress(const std::string &label, uint64_t total);
  void advance(uint64_t bytes);
  void endProgress();

private:
  void draw(bool last);
  void clearBar();
  void print(const std::string &label, const std::string &text);

  ConsoleOptions options;
  std::mutex mutex;
  std::string phase;
  uint64_t done = 0, total = 0;
  bool barShown = false;
  std::chrono::steady_clock::time_point started, drawn;
};

/// "14.9 GiB", "512 KiB", "37 bytes".
std::string sizeText(uint64_t bytes);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_CONSOLE_H
