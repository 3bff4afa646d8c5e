//===- LineKeys.cpp - what keys do to a line ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Edits of the line and moves of the cursor, by whole characters, and the keys that mean them (as in Emacs and
// readline).
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/LineEditor.h"
#include "runtime/src/cli/Terminal.h"

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

bool isContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

} // namespace

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

/// A sequence behind ESC: [A .. [D arrows, [H and [F or [1~ and [4~ Home and End, [3~ Delete.
void LineEditor::escape() {
  char first = 0, byte = 0, number = 0;
  if (!readKey(&first) || (first != '[' && first != 'O') || !readKey(&byte)) {
    return;
  }
  while ((byte >= '0' && byte <= '9') || byte == ';') { // with modifiers: the first number counts
    number = number ? number : byte;
    if (!readKey(&byte)) {
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
    return printToTerminal("\033[H\033[2J", 7);
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

} // namespace lap
