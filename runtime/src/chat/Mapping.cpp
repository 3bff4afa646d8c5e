//===- Mapping.cpp - filters that ask every item of a list ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// map, select and reject, of members, filters and tests; an item's member is named by a path ("author.0.name").
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

namespace lap {

Value Interpreter::followPath(const Node &n, Value value, const Value &path, const Value &missing) {
  if (path.isWhole()) {
    value = index(n, value, path);
    return value.is(Value::Undefined) && !missing.is(Value::Absent) ? missing : value;
  }
  if (!path.is(Value::String)) {
    return fail(n, "an attribute's name must be a text");
  }
  Text rest = path.text();
  while (ok()) {
    size_t dot = findText(rest, {".", 1});
    Text name = rest.part(0, dot == NotFound ? rest.bytes : dot);
    int64_t number = 0;
    bool digits = name.bytes != 0 && name.bytes < 10;
    for (size_t i = 0; i < name.bytes && digits; ++i) {
      digits = name.data[i] >= '0' && name.data[i] <= '9';
      number = digits ? number * 10 + (name.data[i] - '0') : number;
    }
    value = index(n, value, digits ? Value::integerOf(number) : Value::string(name));
    value = value.is(Value::Undefined) && !missing.is(Value::Absent) ? missing : value;
    if (dot == NotFound) {
      break;
    }
    rest = rest.part(dot + 1, rest.bytes);
  }
  return value;
}

Value Interpreter::mapFilter(const Node &n) {
  List *items = iterate(n, evaluate(link(n, 0)));
  List *list = items ? newList(items->count) : nullptr;
  Arguments args;
  if (!list || !arguments(n, 1, &args)) {
    return Value();
  }
  for (uint32_t i = 0; i < list->count && spend(n, 0); ++i) {
    list->items[i] = filter(n, n.op, items->at(i), args);
  }
  return ok() ? Value::listOf(list) : Value();
}

Value Interpreter::mapMember(const Node &n) {
  List *items = iterate(n, evaluate(link(n, 0)));
  List *list = items ? newList(items->count) : nullptr;
  Value path = list ? evaluate(link(n, 1)) : Value();
  Value missing = hasLink(n, 2) ? evaluate(link(n, 2)) : Value::absent();
  for (uint32_t i = 0; list && ok() && i < list->count && spend(n, 0); ++i) {
    list->items[i] = followPath(n, items->at(i), path, missing);
  }
  return list && ok() ? Value::listOf(list) : Value();
}

Value Interpreter::select(const Node &n) {
  List *items = iterate(n, evaluate(link(n, 0)));
  List *list = items ? newList(items->count) : nullptr;
  Value path = list && hasLink(n, 1) ? evaluate(link(n, 1)) : Value::absent();
  Arguments args;
  if (!list || !ok() || !arguments(n, 2, &args)) {
    return Value();
  }
  uint32_t count = 0;
  for (uint32_t i = 0; i < items->count && spend(n, 0); ++i) {
    Value item = items->at(i), subject = path.is(Value::Absent) ? item : followPath(n, item, path);
    bool keep = ok() && test(n, n.op, subject, args) == !(n.flags & LAP_SELECT_REJECT);
    if (keep) {
      list->items[count++] = item;
    }
  }
  list->count = count;
  return ok() ? Value::listOf(list) : Value();
}

} // namespace lap
