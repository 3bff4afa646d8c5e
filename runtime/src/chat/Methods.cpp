//===- Methods.cpp - value.method(...) -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Python's methods of texts, maps and lists that change nothing; the sandbox that templates are written for forbids
// the others. Splitting.cpp has those between texts and lists.
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

Value Interpreter::stripMethod(const Node &n, Text text, const Value &characters) {
  bool given = characters.is(Value::String);
  if (!given && !characters.is(Value::None)) {
    return fail(n, "strip needs a text");
  }
  Text which = characters.text();
  spend(n, given ? uint64_t(text.bytes) * which.bytes : 0);
  return Value::string(strip(text, given ? &which : nullptr, n.op != LAP_METHOD_RStrip, n.op != LAP_METHOD_LStrip));
}

static bool isDigits(Text text) {
  bool digits = text.bytes != 0;
  for (size_t i = 0; i < text.bytes && digits; ++i) {
    digits = text.data[i] >= '0' && text.data[i] <= '9';
  }
  return digits;
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
  case LAP_METHOD_RStrip:
    return stripMethod(n, text, first);
  case LAP_METHOD_IsDigit:
    return Value::boolean(isDigits(text));
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

static bool beginsOrEndsWithAny(Text text, const List &parts, bool begins) {
  for (uint32_t i = 0; i < parts.count; ++i) {
    Value part = parts.at(i);
    if (part.is(Value::String) && (begins ? startsWith(text, part.text()) : endsWith(text, part.text()))) {
      return true;
    }
  }
  return false;
}

/// Without overlap; an empty part is between all characters.
static int64_t occurrences(Text text, Text part) {
  int64_t count = part.bytes ? 0 : static_cast<int64_t>(codePoints(text)) + 1;
  for (size_t at = 0; part.bytes && (at = findText(text, part, at)) != NotFound; at += part.bytes) {
    ++count;
  }
  return count;
}

Value Interpreter::searchMethod(const Node &n, Text text, const Arguments &args) {
  Value first = args.get(0);
  bool starts = n.op == LAP_METHOD_StartsWith, ends = n.op == LAP_METHOD_EndsWith;
  if ((starts || ends) && first.is(Value::ListKind) && first.list->tuple) {
    return Value::boolean(beginsOrEndsWithAny(text, *first.list, starts));
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
  case LAP_METHOD_Count:
    return Value::integerOf(occurrences(text, part));
  default:
    return fail(n, "a text has no such method");
  }
}

} // namespace lap
