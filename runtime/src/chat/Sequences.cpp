//===- Sequences.cpp - filters of lists and maps --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What all share that go through lists (iterate), and the filters that neither compare nor map.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

namespace lap {

List *Interpreter::newList(uint32_t count, bool tuple) {
  List *list = arena.allocate<List>(1);
  Value *items = list ? arena.allocate<Value>(count) : nullptr;
  if (!items) {
    failMemory();
    return nullptr;
  }
  list->items = items;
  list->count = count;
  list->tuple = tuple;
  return list;
}

List *Interpreter::column(const Map &map, bool keys) {
  List *list = newList(map.count);
  for (uint32_t i = 0; list && i < map.count; ++i) {
    list->items[i] = keys ? Value::string(map.entries[i].key) : map.entries[i].value;
  }
  return list;
}

List *Interpreter::pairs(const Map &map) {
  List *list = newList(map.count);
  for (uint32_t i = 0; list && i < map.count; ++i) {
    List *pair = newList(2, true);
    if (!pair) {
      return nullptr;
    }
    pair->items[0] = Value::string(map.entries[i].key);
    pair->items[1] = map.entries[i].value;
    list->items[i] = Value::listOf(pair);
  }
  return list;
}

List *Interpreter::iterate(const Node &n, const Value &value) {
  if (!ok()) {
    return nullptr;
  }
  switch (value.kind) {
  case Value::ListKind:
    return value.list;
  case Value::MapKind:
    return spend(n, value.map->count * sizeof(Value)) ? column(*value.map, true) : nullptr;
  case Value::Undefined:
    return newList(0);
  case Value::String: {
    List *list = spend(n, value.bytes) ? newList(static_cast<uint32_t>(codePoints(value.text()))) : nullptr;
    size_t at = 0;
    for (uint32_t i = 0; list && i < list->count; ++i) {
      size_t start = at;
      nextCodePoint(value.text(), &at);
      while (at < value.bytes && (static_cast<uint8_t>(value.data[at]) & 0xC0) == 0x80) {
        ++at;
      }
      list->items[i] = Value::string(value.text().part(start, at));
    }
    return list;
  }
  default:
    fail(n, "this value is no list: there is nothing to go through");
    return nullptr;
  }
}

Value Interpreter::join(const Node &n, const Value &value, const Arguments &args) {
  List *items = iterate(n, value);
  Value separator = args.has(0) ? toText(n, args.values[0]) : Value::string({});
  size_t start = out.size();
  for (uint32_t i = 0; items && i < items->count && spend(n, separator.bytes); ++i) {
    Value item =
        args.has(1) && !args.values[1].is(Value::None) ? followPath(n, items->at(i), args.values[1]) : items->at(i);
    out.put(i ? separator.text() : Text());
    if (ok() && !printValue(item, out)) {
      return fail(n, "join of a value that has no text");
    }
  }
  return ok() ? takePrinted(n, start) : Value();
}

Value Interpreter::sum(const Node &n, const Value &value, const Arguments &args) {
  List *items = iterate(n, value);
  Value total = args.has(1) ? args.values[1] : Value::integerOf(0);
  for (uint32_t i = 0; items && i < items->count && spend(n, 0); ++i) {
    Value item =
        args.has(0) && !args.values[0].is(Value::None) ? followPath(n, items->at(i), args.values[0]) : items->at(i);
    if (!total.isNumber() || !item.isNumber()) {
      return fail(n, "sum of values that are not numbers");
    }
    bool real = total.is(Value::Float) || item.is(Value::Float);
    int64_t whole = 0;
    if (!real && __builtin_add_overflow(total.integer, item.integer, &whole)) {
      return fail(n, "a whole number grows beyond 64 bits");
    }
    total = real ? Value::realOf(total.asReal() + item.asReal()) : Value::integerOf(whole);
  }
  return total;
}

Value Interpreter::reverse(const Node &n, const Value &value) {
  List *items = iterate(n, value);
  List *list = items ? newList(items->count) : nullptr;
  Value text = Value::string({});
  for (uint32_t i = 0; list && i < list->count && spend(n, 0); ++i) {
    list->items[i] = items->at(items->count - 1 - i);
    text = value.is(Value::String) ? textValue(concatenate(text.text(), list->items[i].text(), arena)) : text;
  }
  return !list || !ok() ? Value() : value.is(Value::String) ? text : Value::listOf(list);
}

Value Interpreter::sequenceFilter(const Node &n, uint8_t op, const Value &value, const Arguments &args) {
  switch (op) {
  case LAP_FILTER_DictSort:
    return dictSort(n, value, args);
  case LAP_FILTER_First:
  case LAP_FILTER_Last: {
    List *items = iterate(n, value);
    return items && items->count ? items->at(op == LAP_FILTER_First ? 0 : items->count - 1) : Value();
  }
  case LAP_FILTER_Items: {
    if (!value.is(Value::MapKind) && !value.is(Value::Undefined)) {
      return fail(n, "items of something that is no map");
    }
    List *list = value.is(Value::MapKind) ? pairs(*value.map) : newList(0);
    return list ? Value::listOf(list) : Value();
  }
  case LAP_FILTER_Join:
    return join(n, value, args);
  case LAP_FILTER_List: {
    List *items = iterate(n, value), *list = items ? newList(items->count) : nullptr;
    for (uint32_t i = 0; list && i < list->count && spend(n, 0); ++i) {
      list->items[i] = items->at(i);
    }
    return list && ok() ? Value::listOf(list) : Value();
  }
  case LAP_FILTER_Max:
  case LAP_FILTER_Min:
    return extreme(n, value, op == LAP_FILTER_Max);
  case LAP_FILTER_Reverse:
    return reverse(n, value);
  case LAP_FILTER_Sort:
    return sortList(n, value, args);
  case LAP_FILTER_Sum:
    return sum(n, value, args);
  case LAP_FILTER_Unique:
    return unique(n, value);
  default:
    return failDamaged(n);
  }
}

} // namespace lap
