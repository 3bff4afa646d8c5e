//===- LineEditor.cpp - a line from the terminal --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The terminal is in raw mode only while a line is edited, so a program that dies leaves it as it was. Every character
// counts as one column; the line scrolls sideways when it is longer than the window.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/LineEditor.h"
#include "runtime/src/cli/Output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace lap {

namespace {

enum Key : char {
  CtrlA = 1,
  CtrlB = 2,
  CtrlC = 3,
  CtrlD = 4,
  CtrlE = 5,
  CtrlF = 6,
  CtrlH = 8,
  CtrlJ = 10,
  CtrlK = 11,
  CtrlL = 12,
  CtrlM = 13,
  CtrlN = 14,
  CtrlP = 16,
  CtrlU = 21,
  CtrlW = 23,
  Escape = 27,
  Backspace = 127
};

/// Raw mode for as long as it lives.
class RawMode {
public:
  RawMode() {
    good = tcgetattr(STDIN_FILENO, &saved) == 0;
    struct termios raw = saved;
    raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL | IXON);
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    good = good && tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
  }
  ~RawMode() {
    if (good) {
      tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
    }
  }
  bool on() const { return good; }

private:
  struct termios saved;
  bool good;
};

bool canEdit() {
  const char *terminal = getenv("TERM");
  return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

size_t columns() {
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

void print(const char *bytes, size_t count) {
  Output errors(STDERR_FILENO);
  errors.put(bytes, count);
  errors.flush();
}

/// One byte; false at the end of input, on an error and on a signal.
bool readByte(char *byte) { return ::read(STDIN_FILENO, byte, 1) == 1; }

bool isContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

} // namespace

LineEditor::~LineEditor() {
  for (unsigned i = 0; i < historyCount; ++i) {
    free(history[i]);
  }
}

size_t LineEditor::before(size_t at) const {
  at -= at > 0;
  while (at > 0 && isContinuation(line.data()[at])) {
    --at;
  }
  return at;
}

size_t LineEditor::after(size_t at) const {
  at += at < line.size();
  while (at < line.size() && isContinuation(line.data()[at])) {
    ++at;
  }
  return at;
}

size_t LineEditor::wordBefore(size_t at) const {
  while (at > 0 && line.data()[at - 1] == ' ') {
    --at;
  }
  while (at > 0 && line.data()[at - 1] != ' ') {
    --at;
  }
  return at;
}

void LineEditor::insert(const char *bytes, size_t count) {
  Buffer rest(MaxLine);
  rest.put(line.text(cursor));
  line.truncate(cursor);
  line.put(bytes, count);
  cursor = line.size();
  line.put(rest.text());
}

void LineEditor::erase(size_t begin, size_t end) {
  Buffer rest(MaxLine);
  rest.put(line.text(end));
  line.truncate(begin);
  line.put(rest.text());
  cursor = begin;
}

/// Goes `step` lines back in the history (forward when negative).
void LineEditor::recall(int step) {
  unsigned target = recalled + static_cast<unsigned>(step);
  if (target > historyCount) { // also -1
    return;
  }
  recalled = target;
  line.clear();
  line.put(target ? history[historyCount - target] : "");
  cursor = line.size();
}

void LineEditor::remember() {
  const char *words = line.terminated();
  if (!words || !*words || (historyCount && strcmp(history[historyCount - 1], words) == 0)) {
    return;
  }
  if (historyCount == MaxHistory) {
    free(history[0]);
    memmove(history, history + 1, sizeof(history) - sizeof(history[0]));
    --historyCount;
  }
  char *copy = static_cast<char *>(malloc(line.size() + 1));
  if (copy) {
    memcpy(copy, words, line.size() + 1);
    history[historyCount++] = copy;
  }
}

/// The prompt, the part of the line around the cursor, the cursor.
void LineEditor::show(const char *prompt) const {
  size_t width = columns(), room = width - strlen(prompt) - 1;
  size_t start = 0, column = codePoints(line.text().part(0, cursor));
  for (; column > room; --column) {
    start = after(start);
  }
  Text shown = line.text(start);
  shown = shown.part(0, offsetOfCodePoint(shown, room));
  Buffer out(MaxLine * 2);
  out.put("\r");
  out.put(prompt);
  for (size_t i = 0; i < shown.bytes; ++i) { // a pasted control character must not move the cursor
    out.put(static_cast<uint8_t>(shown.data[i]) < 32 ? ' ' : shown.data[i]);
  }
  out.put("\033[K\r");
  char right[16];
  snprintf(right, sizeof(right), "\033[%zuC", strlen(prompt) + column);
  out.put(right);
  print(out.data(), out.size());
}

/// A sequence behind ESC: [A .. [D arrows, [H and [F or [1~ and [4~ Home and End, [3~ Delete.
void LineEditor::escape() {
  char first = 0, byte = 0, number = 0;
  if (!readByte(&first) || (first != '[' && first != 'O') || !readByte(&byte)) {
    return;
  }
  while ((byte >= '0' && byte <= '9') || byte == ';') { // with modifiers: the first number counts
    number = number ? number : byte;
    if (!readByte(&byte)) {
      return;
    }
  }
  switch (byte) {
  case 'A':
    return recall(1);
  case 'B':
    return recall(-1);
  case 'C':
    return move(after(cursor));
  case 'D':
    return move(before(cursor));
  case 'H':
    return move(0);
  case 'F':
    return move(line.size());
  case '~':
    if (number == '3') {
      erase(cursor, after(cursor));
    } else if (number == '1' || number == '7') {
      move(0);
    } else if (number == '4' || number == '8') {
      move(line.size());
    }
    return;
  default:
    return;
  }
}

/// Keys that change the line or the cursor.
void LineEditor::editKey(char byte) {
  switch (byte) {
  case CtrlA:
    return move(0);
  case CtrlE:
    return move(line.size());
  case CtrlB:
    return move(before(cursor));
  case CtrlF:
    return move(after(cursor));
  case CtrlH:
  case Backspace:
    return erase(before(cursor), cursor);
  case CtrlK:
    return erase(cursor, line.size());
  case CtrlU:
    return erase(0, cursor);
  case CtrlW:
    return erase(wordBefore(cursor), cursor);
  case CtrlL:
    return print("\033[H\033[2J", 7);
  case CtrlP:
    return recall(1);
  case CtrlN:
    return recall(-1);
  case Escape:
    return escape();
  default:
    if (static_cast<uint8_t>(byte) >= 32 || byte == '\t') {
      insert(&byte, 1);
    }
  }
}

/// Keys that may end the line; *done says whether they did.
LineEditor::Result LineEditor::key(char byte, bool *done) {
  switch (byte) {
  case CtrlM:
  case CtrlJ:
    *done = true;
    return Line;
  case CtrlC:
    *done = true;
    return Interrupted;
  case CtrlD:
    *done = line.size() == 0;
    if (!*done) {
      erase(cursor, after(cursor));
    }
    return End;
  default:
    editKey(byte);
    return Line;
  }
}

LineEditor::Result LineEditor::edit(const char *prompt) {
  RawMode raw;
  if (!raw.on()) {
    return readPlain(prompt);
  }
  cursor = 0;
  recalled = 0;
  Result result = Line;
  for (bool done = false; !done;) {
    show(prompt);
    char byte;
    if (!readByte(&byte)) {
      result = errno == EINTR ? Interrupted : End;
      break;
    }
    result = key(byte, &done);
  }
  print("\r\n", 2);
  return result;
}

LineEditor::Result LineEditor::readPlain(const char *prompt) {
  print(prompt, strlen(prompt));
  char byte;
  errno = 0;
  while (readByte(&byte)) {
    if (byte == '\n') {
      return Line;
    }
    line.put(byte);
  }
  return errno == EINTR ? Interrupted : line.size() ? Line : End;
}

LineEditor::Result LineEditor::read(const char *prompt, Text *out) {
  text.clear();
  bool editing = canEdit();
  for (bool more = true; more; prompt = "... ") {
    line.clear();
    Result result = editing ? edit(prompt) : readPlain(prompt);
    if (result == Interrupted && editing && (line.size() || text.size())) { // Ctrl-C throws a line away
      return read("> ", out);
    }
    if (result != Line) {
      return result;
    }
    remember();
    more = endsWith(line.text(), {"\\", 1});
    text.put(line.text().part(0, line.size() - more));
    text.put(more ? "\n" : "");
  }
  *out = text.text();
  return Line;
}

} // namespace lap
