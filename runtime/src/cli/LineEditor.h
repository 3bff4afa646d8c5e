//===- LineEditor.h - a line from the terminal ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What people expect of a prompt: arrows, Home, End, Ctrl-A E K U W, and earlier lines with up and down. Needs nothing
// but termios and the escape sequences that every terminal of the last thirty years has. Where standard input is no
// terminal, or the terminal is "dumb", lines are read as they come.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_LINEEDITOR_H
#define LAPIDARY_RUNTIME_CLI_LINEEDITOR_H

#include "runtime/src/chat/Buffer.h"

namespace lap {

class LineEditor {
public:
  enum Result { Line, End, Interrupted };

  LineEditor() : line(MaxLine), text(MaxLine) {}
  ~LineEditor();
  LineEditor(const LineEditor &) = delete;
  LineEditor &operator=(const LineEditor &) = delete;

  /// Shows the prompt (on standard error) and reads a line into *out, valid until the next call. A line that ends with
  /// a backslash goes on in the next.
  Result read(const char *prompt, Text *out);

private:
  static constexpr size_t MaxLine = 1 << 20;
  static constexpr unsigned MaxHistory = 256;

  Result readPlain(const char *prompt);
  Result edit(const char *prompt);
  Result key(char byte, bool *done);
  void editKey(char byte);
  void escape();
  void insert(const char *bytes, size_t count);
  void erase(size_t begin, size_t end);
  void move(size_t to) { cursor = to; }
  size_t before(size_t at) const;
  size_t after(size_t at) const;
  size_t wordBefore(size_t at) const;
  void recall(int step);
  void remember();
  void show(const char *prompt) const;

  Buffer line, text; // the line being edited; the lines read so far
  size_t cursor = 0; // byte of `line`
  char *history[MaxHistory] = {};
  unsigned historyCount = 0, recalled = 0; // recalled: lines back from the newest, 0: the new one
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_LINEEDITOR_H
