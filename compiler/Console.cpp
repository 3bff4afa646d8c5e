//===- Console.cpp - what the compiler says while it works --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The bar is redrawn at most ten times a second and cleared before any other line, so that the two never mix.
//===----------------------------------------------------------------------===//
#include "compiler/Console.h"

#include "compiler/CommandLine.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <unistd.h>

namespace lapidary {

using Clock = std::chrono::steady_clock;

ConsoleOptions consoleOptions(const Arguments &arguments) {
  ConsoleOptions options;
  bool terminal = ::isatty(STDERR_FILENO);
  const char *noColor = std::getenv("NO_COLOR");
  std::string color = arguments.get("color", "auto");
  options.color = color == "always" || (color == "auto" && terminal && !(noColor && *noColor));
  options.quiet = arguments.has("quiet");
  options.verbose = arguments.has("verbose");
  options.json = arguments.get("message-format", "human") == "json";
  std::string progress = arguments.get("progress", "auto");
  if (options.quiet || options.json || progress == "none") {
    options.progress = ConsoleOptions::None;
  } else if (progress == "auto" && terminal) {
    options.progress = ConsoleOptions::Bar;
  }
  return options;
}

static void printJson(const Diagnostic &diagnostic) {
  static constexpr const char *names[] = {"error", "warning", "note"};
  auto text = [](const std::string &value) { return llvm::json::fixUTF8(value); };
  llvm::json::Object object{{"severity", names[static_cast<int>(diagnostic.severity)]},
                            {"code", codeName(diagnostic.code)},
                            {"message", text(diagnostic.message)},
                            {"where", text(diagnostic.where)},
                            {"help", text(diagnostic.help)}};
  llvm::errs() << llvm::json::Value(std::move(object)) << "\n";
}

Diagnostics::Handler Console::handler() {
  return [this](const Diagnostic &diagnostic) {
    std::lock_guard<std::mutex> lock(mutex);
    clearBar();
    if (options.json) {
      printJson(diagnostic);
    } else {
      llvm::errs() << formatDiagnostic(diagnostic, options.color);
    }
  };
}

void Console::print(const std::string &label, const std::string &text) {
  std::lock_guard<std::mutex> lock(mutex);
  clearBar();
  llvm::errs() << llvm::format("%-8s ", label.c_str()) << text << "\n";
}

void Console::line(const std::string &label, const std::string &text) {
  if (!options.quiet && !options.json) {
    print(label, text);
  }
}

void Console::detail(const std::string &label, const std::string &text) {
  if (options.verbose) {
    line(label, text);
  }
}

void Console::beginProgress(const std::string &label, uint64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  phase = label;
  done = 0;
  total = bytes;
  started = drawn = Clock::now();
}

void Console::advance(uint64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  done += bytes;
  auto pause = options.progress == ConsoleOptions::Bar ? std::chrono::milliseconds(100) : std::chrono::seconds(10);
  if (options.progress != ConsoleOptions::None && Clock::now() - drawn >= pause) {
    drawn = Clock::now();
    draw(false);
  }
}

void Console::endProgress() {
  std::lock_guard<std::mutex> lock(mutex);
  clearBar();
  if (options.progress != ConsoleOptions::None) {
    draw(true);
  }
}

void Console::clearBar() {
  if (barShown) {
    llvm::errs() << "\r\x1b[K";
    barShown = false;
  }
}

void Console::draw(bool last) {
  double seconds = std::max(1e-3, std::chrono::duration<double>(Clock::now() - started).count());
  double fraction = total ? static_cast<double>(done) / static_cast<double>(total) : 1.0;
  uint64_t speed = static_cast<uint64_t>(static_cast<double>(done) / seconds);
  bool bar = options.progress == ConsoleOptions::Bar && !last;
  std::string text;
  llvm::raw_string_ostream out(text);
  out << llvm::format("%-8s ", phase.c_str());
  if (bar) {
    constexpr unsigned width = 24;
    unsigned filled = static_cast<unsigned>(fraction * width);
    out << '|' << std::string(filled, '#') << std::string(width - filled, '-') << "| ";
  }
  if (last) {
    out << sizeText(done) << llvm::format(" in %.1f s", seconds) << ", " << sizeText(speed) << "/s";
  } else {
    unsigned left = static_cast<unsigned>(fraction > 0 ? seconds * (1 - fraction) / fraction : 0);
    out << llvm::format("%3.0f%%  ", fraction * 100) << sizeText(done) << " of " << sizeText(total) << "  "
        << sizeText(speed) << "/s" << llvm::format("  eta %u:%02u", left / 60, left % 60);
  }
  llvm::errs() << (bar ? "\r\x1b[K" : "") << text << (bar ? "" : "\n");
  barShown = bar;
}

std::string sizeText(uint64_t bytes) {
  static constexpr const char *units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  unsigned unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) {
    value /= 1024;
  }
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(unit == 0 ? "%.0f " : "%.1f ", value) << units[unit];
  return text;
}

} // namespace lapidary
