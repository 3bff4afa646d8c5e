//===- Methods.cpp - value.method(...) -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Python's methods of texts, maps and lists that change nothing; the sandbox that templates are written for forbids
// the others.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

namespace lap {

Value Interpreter::method(const Node &n) {
  Value object = evaluate(link(n, 0));
  Arguments args;
  if (!ok() || !arguments(n, 1, &args)) {
    return Value();
  }
  switch (object.kind) {
  case Value::String:
    return spend(n, object.bytes) ? textMethod(n, object.text(), args) : Value();
  case Value::MapKind:
    return mapMethod(n, *object.map, args);
  case Value::ListKind:
    return listMethod(n, *object.list, args);
  case Value::LoopKind:
    if (n.op == LAP_METHOD_Cycle && args.count > 0) {
      return args.values[object.loop->index % args.count];
    }
    [[fallthrough]];
  default: {
    Text name = nodeText(n);
    return object.is(Value::Undefined) ? fail(n, "'%.*s' of '%.*s', which is undefined", int(name.bytes), name.data,
                                              int(object.bytes), object.data)
                                       : fail(n, "this value has no method '%.*s'", int(name.bytes), name.data);
  }
  }
}

Value Interpreter::mapMethod(const Node &n, const Map &map, const Arguments &args) {
  List *list = nullptr;
  switch (n.op) {
  case LAP_METHOD_Get: {
    const Value *found = args.get(0).is(Value::String) ? map.find(args.values[0].text()) : nullptr;
    return found ? *found : args.get(1);
  }
  case LAP_METHOD_Items:
    list = pairs(map);
    break;
  case LAP_METHOD_Keys:
  case LAP_METHOD_Values:
    list = column(map, n.op == LAP_METHOD_Keys);
    break;
  default:
    return fail(n, "a map has no such method");
  }
  return list && spend(n, map.count * sizeof(Value)) ? Value::listOf(list) : Value();
}

Value Interpreter::listMethod(const Node &n, const List &list, const Arguments &args) {
  if (n.op != LAP_METHOD_Index && n.op != LAP_METHOD_Count) {
    return fail(n, "a list has no such method");
  }
  int64_t count = 0;
  for (uint32_t i = 0; i < list.count && spend(n, 0); ++i) {
    bool found = same(n, list.at(i), args.get(0));
    if (found && n.op == LAP_METHOD_Index) {
      return Value::integerOf(i);
    }
    count += found;
  }
  return n.op == LAP_METHOD_Count ? Value::integerOf(count) : fail(n, "the value is not in the list");
}

Value Interpreter::textMethod(const Node &n, Text text, const Arguments &args) {
  Value first = args.get(0);
  switch (n.op) {
  case LAP_METHOD_Capitalize:
    return textValue(changeCase(text, Case::Capitalize, arena));
  case LAP_METHOD_Lower:
    return textValue(changeCase(text, Case::Lower, arena));
  case LAP_METHOD_Title:
    return textValue(changeCase(text, Case::Title, arena));
  case LAP_METHOD_Upper:
    return textValue(changeCase(text, Case::Upper, arena));
  case LAP_METHOD_Strip:
  case LAP_METHOD_LStrip:
  case LAP_METHOD_RStrip: {
    if (!first.is(Value::String) && !first.is(Value::None)) {
      return fail(n, "strip needs a text");
    }
    Text chars = first.text();
    spend(n, first.is(Value::String) ? uint64_t(text.bytes) * chars.bytes : 0);
    return Value::string(
        strip(text, first.is(Value::String) ? &chars : nullptr, n.op != LAP_METHOD_RStrip, n.op != LAP_METHOD_LStrip));
  }
  case LAP_METHOD_IsDigit: {
    bool digits = text.bytes != 0;
    for (size_t i = 0; i < text.bytes && digits; ++i) {
      digits = text.data[i] >= '0' && text.data[i] <= '9';
    }
    return Value::boolean(digits);
  }
  case LAP_METHOD_SplitLines:
    return splitLines(n, text);
  case LAP_METHOD_Split:
  case LAP_METHOD_RSplit:
    return split(n, text, args);
  case LAP_METHOD_Join:
    return joinTexts(n, text, first);
  case LAP_METHOD_Replace: {
    Value to = args.get(1), limit = args.get(2);
    if (!first.is(Value::String) || !to.is(Value::String)) {
      return fail(n, "replace needs two texts");
    }
    return textValue(replace(text, first.text(), to.text(), limit.isWhole() ? limit.integer : -1, arena));
  }
  default:
    return searchMethod(n, text, args);
  }
}

Value Interpreter::searchMethod(const Node &n, Text text, const Arguments &args) {
  Value first = args.get(0);
  bool starts = n.op == LAP_METHOD_StartsWith, ends = n.op == LAP_METHOD_EndsWith;
  if ((starts || ends) && first.is(Value::ListKind) && first.list->tuple) {
    bool any = false;
    for (uint32_t i = 0; i < first.list->count && !any; ++i) {
      Text part = first.list->at(i).is(Value::String) ? first.list->at(i).text() : Text();
      any = first.list->at(i).is(Value::String) && (starts ? startsWith(text, part) : endsWith(text, part));
    }
    return Value::boolean(any);
  }
  if (!first.is(Value::String)) {
    return fail(n, "this method needs a text");
  }
  Text part = first.text();
  switch (n.op) {
  case LAP_METHOD_StartsWith:
    return Value::boolean(startsWith(text, part));
  case LAP_METHOD_EndsWith:
    return Value::boolean(endsWith(text, part));
  case LAP_METHOD_RemovePrefix:
    return Value::string(startsWith(text, part) ? text.part(part.bytes, text.bytes) : text);
  case LAP_METHOD_RemoveSuffix:
    return Value::string(endsWith(text, part) ? text.part(0, text.bytes - part.bytes) : text);
  case LAP_METHOD_Find:
  case LAP_METHOD_Index: {
    size_t at = findText(text, part);
    if (at == NotFound) {
      return n.op == LAP_METHOD_Find ? Value::integerOf(-1) : fail(n, "the text is not found");
    }
    return Value::integerOf(static_cast<int64_t>(codePoints(text.part(0, at))));
  }
  case LAP_METHOD_Count: {
    int64_t count = part.bytes ? 0 : static_cast<int64_t>(codePoints(text)) + 1;
    for (size_t at = 0; part.bytes && (at = findText(text, part, at)) != NotFound; at += part.bytes) {
      ++count;
    }
    return Value::integerOf(count);
  }
  default:
    return fail(n, "a text has no such method");
  }
}

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
