//===- LineEditor.cpp - a line from the terminal --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Reading and showing a line, and the history; LineKeys.cpp has what keys do. Every character counts as one column; the
// line scrolls sideways when it is longer than the window.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/LineEditor.h"
#include "runtime/src/cli/Terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

namespace lap {

LineEditor::~LineEditor() {
  for (unsigned i = 0; i < historyCount; ++i) {
    free(history[i]);
  }
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
  size_t width = terminalColumns(), room = width - strlen(prompt) - 1;
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
  printToTerminal(out.data(), out.size());
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
    if (!readKey(&byte)) {
      result = errno == EINTR ? Interrupted : End;
      break;
    }
    result = key(byte, &done);
  }
  printToTerminal("\r\n", 2);
  return result;
}

LineEditor::Result LineEditor::readPlain(const char *prompt) {
  printToTerminal(prompt, strlen(prompt));
  char byte;
  errno = 0;
  while (readKey(&byte)) {
    if (byte == '\n') {
      return Line;
    }
    line.put(byte);
  }
  return errno == EINTR ? Interrupted : line.size() ? Line : End;
}

LineEditor::Result LineEditor::read(const char *prompt, Text *out) {
  text.clear();
  bool editing = canEditLines();
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
