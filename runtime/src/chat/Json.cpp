//===- Json.cpp - JSON to values -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A stack of finished values: the end of a list or map takes its members off it.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Json.h"

#include "runtime/src/JsonReader.h"
#include "runtime/src/MemoryPlan.h"

#include <stdlib.h>

namespace lap {

namespace {

constexpr uint32_t MaxDepth = 96;

/// Makes values of events; false: the arena is full.
class ValueBuilder {
public:
  explicit ValueBuilder(Arena &arena) : arena(arena) {}

  bool take(const JsonEvent &event);
  Value result() const { return count ? stack[0] : Value(); }

private:
  bool push(const Value &value);
  bool endList(uint32_t items);
  bool endMap(uint32_t members);

  Arena &arena;
  Value *stack = nullptr;
  uint32_t count = 0, capacity = 0;
};

bool ValueBuilder::push(const Value &value) {
  if (count == capacity) {
    uint32_t larger = capacity ? capacity * 2 : 64;
    Value *fresh = capacity < 1u << 30 ? arena.allocate<Value>(larger) : nullptr;
    if (!fresh) {
      return false;
    }
    if (count) {
      memcpy(static_cast<void *>(fresh), stack, count * sizeof(Value));
    }
    stack = fresh;
    capacity = larger;
  }
  stack[count++] = value;
  return true;
}

/// Whole numbers beyond 64 bits keep their digits; the character behind a number in the text is never part of one.
Value numberOf(const char *text, size_t bytes) {
  bool whole = !memchr(text, '.', bytes) && !memchr(text, 'e', bytes) && !memchr(text, 'E', bytes);
  if (!whole) {
    return Value::realOf(strtod(text, nullptr));
  }
  int64_t value = 0;
  bool negative = text[0] == '-', fits = true;
  for (size_t i = negative; i < bytes; ++i) {
    int64_t digit = text[i] - '0';
    fits = fits && !__builtin_mul_overflow(value, int64_t(10), &value) &&
           !__builtin_add_overflow(value, negative ? -digit : digit, &value);
  }
  return fits ? Value::integerOf(value) : Value::string({text, bytes}, Value::BigInteger);
}

bool ValueBuilder::endList(uint32_t items) {
  List *list = arena.allocate<List>(1);
  Value *values = list ? arena.allocate<Value>(items) : nullptr;
  if (!values) {
    return false;
  }
  count -= items;
  if (items) {
    memcpy(static_cast<void *>(values), stack + count, items * sizeof(Value));
  }
  list->items = values;
  list->count = items;
  return push(Value::listOf(list));
}

bool ValueBuilder::endMap(uint32_t members) {
  Map *map = Map::create(arena, members);
  if (!map) {
    return false;
  }
  count -= members * 2;
  for (uint32_t i = 0; i < members; ++i) { // of two values for a key, the last counts
    if (!map->set(stack[count + i * 2].text(), stack[count + i * 2 + 1], arena)) {
      return false;
    }
  }
  return push(Value::mapOf(map));
}

bool ValueBuilder::take(const JsonEvent &event) {
  switch (event.kind) {
  case JsonEvent::Null:
    return push(Value::none());
  case JsonEvent::False:
  case JsonEvent::True:
    return push(Value::boolean(event.kind == JsonEvent::True));
  case JsonEvent::Number:
    return push(numberOf(event.text, event.size));
  case JsonEvent::String:
  case JsonEvent::Key:
    return push(Value::string({event.text, event.size}));
  case JsonEvent::StartObject:
  case JsonEvent::StartArray:
    return true;
  case JsonEvent::EndObject:
    return endMap(event.size);
  case JsonEvent::EndArray:
    return endList(event.size);
  }
  return false;
}

} // namespace

lap_status readJson(Text json, const char *what, Arena &arena, Value *out, lap_error *error) {
  char *copy = json.bytes < UINT32_MAX ? arena.allocate<char>(json.bytes + 1) : nullptr;
  if (!copy) {
    return failMemory(json.bytes + 1, what, error);
  }
  memcpy(copy, json.data, json.bytes);
  ValueBuilder builder(arena);
  const auto take = [](void *receiver, const JsonEvent &event) {
    return static_cast<ValueBuilder *>(receiver)->take(event);
  };
  const JsonEnd end = readJsonInPlace(copy, json.bytes, MaxDepth, take, &builder);
  switch (end.kind) {
  case JsonEnd::Complete:
    *out = builder.result();
    return LAP_OK;
  case JsonEnd::Malformed:
    return fail(error, LAP_INVALID_ARGUMENT, "%s: byte %zu: %s", what, end.offset, end.problem);
  case JsonEnd::TooDeep:
    return fail(error, LAP_INVALID_ARGUMENT, "%s: byte %zu: nested more than %u deep", what, end.offset, MaxDepth);
  case JsonEnd::Stopped:
    break;
  }
  return failMemory(arena.used(), what, error);
}

} // namespace lap
