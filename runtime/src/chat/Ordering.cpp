//===- Ordering.cpp - filters that compare items --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Sorting is stable merging, as Python's; texts are compared without case where Jinja does so.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

namespace lap {

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

} // namespace lap
