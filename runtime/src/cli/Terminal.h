//===- Terminal.h - the terminal that a person types at -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The terminal is in raw mode only while a line is edited, so a program that dies leaves it as it was.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_TERMINAL_H
#define LAPIDARY_RUNTIME_CLI_TERMINAL_H

#include <stddef.h>
#include <termios.h>

namespace lap {

/// Raw mode for as long as it lives.
class RawMode {
public:
  RawMode();
  ~RawMode();
  RawMode(const RawMode &) = delete;
  RawMode &operator=(const RawMode &) = delete;
  bool on() const { return good; }

private:
  struct termios saved;
  bool good;
};

/// True when standard input and error are a terminal that understands escape sequences.
bool canEditLines();

/// The width of the window; 80 if it is not known or absurd.
size_t terminalColumns();

/// Writes to standard error, at once.
void printToTerminal(const char *bytes, size_t count);

/// One byte of standard input; false at its end, on an error and on a signal.
bool readKey(char *byte);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_TERMINAL_H
