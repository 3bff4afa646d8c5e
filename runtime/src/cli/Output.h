//===- Output.h - standard output, messages, JSON -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Asked-for data goes to standard output through Output, which remembers the first error: a full disk ends in exit
// code 5 and one line, a reader that closed the pipe ends the program quietly. Everything else goes to standard error
// through message().
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_OUTPUT_H
#define LAPIDARY_RUNTIME_CLI_OUTPUT_H

#include "lapidary/lapidary.h"

namespace lap {

enum ExitCode { ExitOk = 0, ExitInternal = 1, ExitInput = 2, ExitMemory = 4, ExitIo = 5, ExitInterrupted = 130 };

ExitCode exitCodeOf(lap_status status);

/// Buffered writes to a file descriptor; nothing is allocated.
class Output {
public:
  explicit Output(int fd) : fd(fd) {}

  void put(const char *text, size_t bytes);
  void put(const char *text);
  __attribute__((format(printf, 2, 3))) void format(const char *pattern, ...);
  void flush();
  /// False once a write failed: further text is dropped.
  bool good() const { return failure == 0; }
  /// Flushes and reports a failure; ExitOk also when the reader has closed the pipe.
  ExitCode finish();

private:
  int fd;
  int failure = 0; // errno of the first failed write
  size_t used = 0;
  char buffer[8192];
};

/// {"key":value,...} on one line.
class JsonObject {
public:
  explicit JsonObject(Output &out) : out(out) { out.put("{"); }
  void number(const char *key, double value);
  void integer(const char *key, uint64_t value);
  void close() { out.put("}\n"); }

private:
  void key(const char *name);
  Output &out;
  bool first = true;
};

/// One line to standard error, a newline is added.
__attribute__((format(printf, 1, 2))) void message(const char *pattern, ...);

/// Prints "error: ..." and returns the exit code that belongs to the status.
ExitCode report(const lap_error &error);

/// Prints "error: ..." and returns `code`.
__attribute__((format(printf, 2, 3))) ExitCode complain(ExitCode code, const char *pattern, ...);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_OUTPUT_H
