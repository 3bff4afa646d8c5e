//===- Terminal.cpp - the terminal that a person types at -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Terminal.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Terminal.h"

#include "runtime/src/cli/Output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace lap {

RawMode::RawMode() {
  good = tcgetattr(STDIN_FILENO, &saved) == 0;
  struct termios raw = saved;
  raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL | IXON);
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  good = good && tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

RawMode::~RawMode() {
  if (good) {
    tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
  }
}

bool canEditLines() {
  const char *terminal = getenv("TERM");
  return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

size_t terminalColumns() {
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

void printToTerminal(const char *bytes, size_t count) {
  Output errors(STDERR_FILENO);
  errors.put(bytes, count);
  errors.flush();
}

bool readKey(char *byte) { return ::read(STDIN_FILENO, byte, 1) == 1; }

} // namespace lap
