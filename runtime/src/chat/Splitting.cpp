//===- Splitting.cpp - texts to lists and back ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Python's split, rsplit, splitlines and join. The pieces lie in the text that was split.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

namespace lap {

/// Ends of lines as str.splitlines() has them: bytes of the one at `at`, or 0.
static size_t lineEndAt(Text text, size_t at) {
  const uint8_t *p = reinterpret_cast<const uint8_t *>(text.data) + at;
  size_t left = text.bytes - at;
  if (p[0] == '\r' && left > 1 && p[1] == '\n') {
    return 2;
  }
  if ((p[0] >= '\n' && p[0] <= '\r') || (p[0] >= 0x1C && p[0] <= 0x1E)) {
    return 1;
  }
  if (left > 1 && p[0] == 0xC2 && p[1] == 0x85) {
    return 2;
  }
  return left > 2 && p[0] == 0xE2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9) ? 3 : 0;
}

Value Interpreter::splitLines(const Node &n, Text text) {
  uint32_t count = 0;
  for (size_t at = 0; at < text.bytes; ++at) {
    count += lineEndAt(text, at) > 0; // an upper bound: \r\n counts twice
  }
  List *list = spend(n, text.bytes) ? newList(count + 1) : nullptr;
  if (!list) {
    return Value();
  }
  size_t start = 0;
  uint32_t lines = 0;
  for (size_t at = 0; at < text.bytes;) {
    size_t end = lineEndAt(text, at);
    if (end) {
      list->items[lines++] = Value::string(text.part(start, at));
      start = at + end;
    }
    at += end ? end : 1;
  }
  if (start < text.bytes) {
    list->items[lines++] = Value::string(text.part(start, text.bytes));
  }
  list->count = lines;
  return Value::listOf(list);
}

Value Interpreter::joinTexts(const Node &n, Text separator, const Value &items) {
  List *list = iterate(n, items);
  size_t start = out.size();
  for (uint32_t i = 0; list && i < list->count && spend(n, separator.bytes); ++i) {
    if (!list->at(i).is(Value::String)) {
      return fail(n, "join needs texts");
    }
    out.put(i ? separator : Text());
    out.put(list->at(i).text());
  }
  return ok() ? takePrinted(n, start) : Value();
}

namespace {

/// The first (or last) run of white space: [*begin, *end); NotFound in *begin when there is none.
void findSpaces(Text text, bool last, size_t *begin, size_t *end) {
  *begin = NotFound, *end = 0;
  for (size_t at = 0; at < text.bytes;) {
    size_t space = spaceAt(text, at);
    if (!space && *begin != NotFound && !last) {
      break;
    }
    if (space) {
      *begin = *begin == NotFound || *end != at ? at : *begin;
      *end = at + space;
    }
    at += space ? space : 1;
  }
}

/// Walks the pieces of a text from one end, by a separator or (without one) by runs of white space.
struct Splitter {
  Text rest;
  const Text *separator; // null: white space
  bool fromRight;

  /// Cuts one piece off `rest`; false when what is left is the last piece.
  bool next(Text *piece) {
    size_t begin, end;
    if (separator) {
      begin = fromRight ? findLast(rest, *separator, rest.bytes) : findText(rest, *separator);
      end = begin == NotFound ? 0 : begin + separator->bytes;
    } else {
      findSpaces(rest, fromRight, &begin, &end);
    }
    if (begin == NotFound) {
      return false;
    }
    Text left = rest.part(0, begin), right = rest.part(end, rest.bytes);
    *piece = fromRight ? right : left;
    rest = fromRight ? left : right;
    return true;
  }
  /// What finding the next piece may cost.
  uint64_t work() const { return fromRight ? uint64_t(rest.bytes) * (separator ? separator->bytes : 1) : 0; }
};

} // namespace

Value Interpreter::split(const Node &n, Text text, const Arguments &args) {
  Value by = args.get(0), most = args.get(1);
  if ((!by.is(Value::None) && !by.is(Value::String)) || (by.is(Value::String) && by.bytes == 0)) {
    return fail(n, "split needs a text that is not empty");
  }
  Text separator = by.text();
  bool spaces = by.is(Value::None), right = n.op == LAP_METHOD_RSplit;
  uint64_t limit = most.isWhole() && most.integer >= 0 ? static_cast<uint64_t>(most.integer) : UINT64_MAX;
  text = spaces ? strip(text, nullptr, true, true) : text;
  uint32_t count = 0;
  for (int pass = 0; pass < 2; ++pass) { // counts, then collects
    List *list = pass ? newList(count) : nullptr;
    Splitter splitter{text, spaces ? nullptr : &separator, right};
    Text piece;
    uint32_t found = 0;
    for (; found < limit && spend(n, splitter.work()) && splitter.next(&piece); ++found) {
      if (list) {
        list->items[right ? count - 1 - found : found] = Value::string(piece);
      }
    }
    bool last = !spaces || splitter.rest.bytes != 0;
    if (!ok() || (pass && !list)) {
      return Value();
    }
    if (list && last) {
      Text rest = spaces ? strip(splitter.rest, nullptr, true, true) : splitter.rest;
      list->items[right ? 0 : count - 1] = Value::string(rest);
    }
    count = found + last;
    if (list) {
      return Value::listOf(list);
    }
  }
  return Value();
}

} // namespace lap
