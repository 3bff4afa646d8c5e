//===- Sequences.cpp - filters of lists and maps -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Sorting is stable merging, as Python's; texts are compared without case where Jinja does so.
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

Value Interpreter::foldCase(const Value &value) {
  return value.is(Value::String) ? textValue(changeCase(value.text(), Case::Lower, arena)) : value;
}

/// Sorts items by their keys; both have `count` entries and both are reordered.
bool Interpreter::sortItems(const Node &n, Value *keys, Value *items, uint32_t count, bool reverse) {
  Value *otherKeys = arena.allocate<Value>(count), *otherItems = arena.allocate<Value>(count);
  if (!otherKeys || !otherItems) {
    failMemory();
    return false;
  }
  Value *from[2] = {keys, items}, *to[2] = {otherKeys, otherItems};
  for (uint64_t width = 1; width < count; width *= 2) {
    for (uint64_t start = 0; start < count; start += 2 * width) {
      uint64_t middle = start + width < count ? start + width : count;
      uint64_t end = start + 2 * width < count ? start + 2 * width : count;
      for (uint64_t a = start, b = middle, k = start; k < end; ++k) {
        bool takeB = a == middle;
        if (a < middle && b < end) { // equal keys keep their order, in reverse too
          takeB = reverse ? less(n, from[0][a], from[0][b]) : less(n, from[0][b], from[0][a]);
        }
        if (!spend(n, 0)) {
          return false;
        }
        uint64_t source = takeB ? b++ : a++;
        to[0][k] = from[0][source];
        to[1][k] = from[1][source];
      }
    }
    for (int i = 0; i < 2; ++i) {
      Value *swapped = from[i];
      from[i] = to[i];
      to[i] = swapped;
    }
  }
  if (from[1] != items) {
    memcpy(static_cast<void *>(items), from[1], count * sizeof(Value));
  }
  return ok();
}

Value Interpreter::dictSort(const Node &n, const Value &value, const Arguments &args) {
  if (!value.is(Value::MapKind)) {
    return fail(n, "dictsort of something that is no map");
  }
  bool byValue = args.has(1) && args.values[1].is(Value::String) && args.values[1].text().equals({"value", 5});
  List *list = pairs(*value.map);
  Value *keys = list ? arena.allocate<Value>(list->count) : nullptr;
  for (uint32_t i = 0; keys && i < list->count && ok(); ++i) {
    keys[i] = list->items[i].list->items[byValue];
    spend(n, keys[i].is(Value::String) ? keys[i].bytes : 0);
    keys[i] = args.get(0).truthy() ? keys[i] : foldCase(keys[i]);
  }
  if (!keys || !ok()) {
    return ok() ? failMemory() : Value();
  }
  return sortItems(n, keys, list->items, list->count, args.get(2).truthy()) ? Value::listOf(list) : Value();
}

Value Interpreter::sortList(const Node &n, const Value &value, const Arguments &args) {
  List *source = iterate(n, value);
  List *list = source ? newList(source->count) : nullptr;
  Value *keys = list ? arena.allocate<Value>(list->count) : nullptr;
  for (uint32_t i = 0; keys && i < list->count && ok(); ++i) {
    list->items[i] = source->at(i);
    keys[i] = args.has(2) ? followPath(n, list->items[i], args.values[2]) : list->items[i];
    spend(n, keys[i].is(Value::String) ? keys[i].bytes : 0);
    keys[i] = args.get(1).truthy() ? keys[i] : foldCase(keys[i]);
  }
  if (!keys || !ok()) {
    return ok() ? failMemory() : Value();
  }
  return sortItems(n, keys, list->items, list->count, args.get(0).truthy()) ? Value::listOf(list) : Value();
}

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

Value Interpreter::extreme(const Node &n, const Value &value, bool largest) {
  List *items = iterate(n, value);
  if (!items || items->count == 0) {
    return Value();
  }
  Value best = items->at(0), bestKey = foldCase(best);
  for (uint32_t i = 1; i < items->count && ok(); ++i) {
    Value item = items->at(i), key = foldCase(item);
    spend(n, key.is(Value::String) ? key.bytes : 0);
    if (ok() && (largest ? less(n, bestKey, key) : less(n, key, bestKey))) {
      best = item;
      bestKey = key;
    }
  }
  return best;
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

Value Interpreter::unique(const Node &n, const Value &value) {
  List *items = iterate(n, value);
  List *kept = items ? newList(items->count) : nullptr, *keys = kept ? newList(items->count) : nullptr;
  uint32_t count = 0;
  for (uint32_t i = 0; keys && i < items->count && spend(n, 0); ++i) {
    Value key = foldCase(items->at(i));
    bool known = false;
    for (uint32_t k = 0; k < count && !known && spend(n, 0); ++k) {
      known = same(n, keys->items[k], key);
    }
    if (!known && ok()) {
      keys->items[count] = key;
      kept->items[count++] = items->at(i);
    }
  }
  if (!keys || !ok()) {
    return Value();
  }
  kept->count = count;
  return Value::listOf(kept);
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
