//===- Print.h - values as text ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What Python prints for a value: str(), repr() and json.dumps(ensure_ascii=False). All return false for a value that
// has no such text here (a macro, a namespace) or is nested too deeply.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_PRINT_H
#define LAPIDARY_RUNTIME_CHAT_PRINT_H

#include "runtime/src/chat/Buffer.h"

namespace lap {

bool printValue(const Value &value, Buffer &out);
bool printRepresentation(const Value &value, Buffer &out, int depth = 100);

/// indent < 0: one line. separators: Python's ", " and ": ", or without the spaces.
struct JsonStyle {
  int indent = -1;
  bool compact = false;
};
bool printJson(const Value &value, const JsonStyle &style, Buffer &out, int level = 0);

/// A JSON string with its quotes, as json.dumps(ensure_ascii=False) writes it.
void printJsonString(Text text, Buffer &out);

/// repr() of a float: the shortest digits that read back as the same number.
void printReal(double value, Buffer &out);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CHAT_PRINT_H
