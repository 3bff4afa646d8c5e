//===- Json.cpp - JSON to values -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A handler of RapidJSON's reader with a stack of finished values: the end of a list or map takes its members off it.
// RapidJSON's own stack holds a few bytes per open bracket and gets a fixed block, because it does not check malloc.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Json.h"
#include "runtime/src/MemoryPlan.h"

#include <stdlib.h>

#define RAPIDJSON_NEW(type) nullptr // every allocator is handed in
#define RAPIDJSON_DELETE(pointer) ((void)(pointer))
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

namespace lap {

namespace {

constexpr uint32_t MaxDepth = 96;

/// RapidJSON's stack: one block, large enough for MaxDepth open brackets, that is handed out once.
class BracketStack {
public:
  void *Malloc(size_t bytes) { return bytes <= sizeof(block) ? block : nullptr; }
  void *Realloc(void *, size_t, size_t bytes) { return Malloc(bytes); }
  static void Free(void *) {}

private:
  alignas(16) char block[8192];
};

class Handler {
public:
  using Size = rapidjson::SizeType;
  explicit Handler(Arena &arena) : arena(arena) {}

  bool Null() { return push(Value::none()); }
  bool Bool(bool value) { return push(Value::boolean(value)); }
  bool Int(int value) { return push(Value::integerOf(value)); }
  bool Uint(unsigned value) { return push(Value::integerOf(value)); }
  bool Int64(int64_t value) { return push(Value::integerOf(value)); }
  bool Uint64(uint64_t value) { return push(Value::integerOf(static_cast<int64_t>(value))); }
  bool Double(double value) { return push(Value::realOf(value)); }
  bool String(const char *text, Size bytes, bool) { return push(Value::string({text, bytes})); }
  bool Key(const char *text, Size bytes, bool) { return push(Value::string({text, bytes})); }
  bool StartObject() { return open(); }
  bool StartArray() { return open(); }
  bool RawNumber(const char *text, Size bytes, bool);
  bool EndObject(Size members);
  bool EndArray(Size items);

  bool tooDeep() const { return deep; }
  bool outOfMemory() const { return full; }
  Value result() const { return count ? stack[0] : Value(); }

private:
  bool push(const Value &value);
  bool open() {
    deep = ++depth > MaxDepth;
    return !deep;
  }
  bool fail() {
    full = true;
    return false;
  }

  Arena &arena;
  Value *stack = nullptr;
  uint32_t count = 0, capacity = 0, depth = 0;
  bool deep = false, full = false;
};

bool Handler::push(const Value &value) {
  if (count == capacity) {
    uint32_t larger = capacity ? capacity * 2 : 64;
    Value *fresh = capacity < 1u << 30 ? arena.allocate<Value>(larger) : nullptr;
    if (!fresh) {
      return fail();
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
bool Handler::RawNumber(const char *text, Size bytes, bool) {
  bool whole = !memchr(text, '.', bytes) && !memchr(text, 'e', bytes) && !memchr(text, 'E', bytes);
  if (!whole) {
    return push(Value::realOf(strtod(text, nullptr)));
  }
  int64_t value = 0;
  bool negative = text[0] == '-', fits = true;
  for (Size i = negative; i < bytes; ++i) {
    int64_t digit = text[i] - '0';
    fits = fits && !__builtin_mul_overflow(value, int64_t(10), &value) &&
           !__builtin_add_overflow(value, negative ? -digit : digit, &value);
  }
  return push(fits ? Value::integerOf(value) : Value::string({text, bytes}, Value::BigInteger));
}

bool Handler::EndArray(Size items) {
  --depth;
  List *list = arena.allocate<List>(1);
  Value *values = list ? arena.allocate<Value>(items) : nullptr;
  if (!values) {
    return fail();
  }
  count -= static_cast<uint32_t>(items);
  if (items) {
    memcpy(static_cast<void *>(values), stack + count, items * sizeof(Value));
  }
  list->items = values;
  list->count = static_cast<uint32_t>(items);
  return push(Value::listOf(list));
}

bool Handler::EndObject(Size members) {
  --depth;
  Map *map = Map::create(arena, static_cast<uint32_t>(members));
  if (!map) {
    return fail();
  }
  count -= static_cast<uint32_t>(members) * 2;
  for (Size i = 0; i < members; ++i) { // of two values for a key, the last counts
    if (!map->set(stack[count + i * 2].text(), stack[count + i * 2 + 1], arena)) {
      return fail();
    }
  }
  return push(Value::mapOf(map));
}

} // namespace

lap_status readJson(Text json, const char *what, Arena &arena, Value *out, lap_error *error) {
  char *copy = json.bytes < UINT32_MAX ? arena.allocate<char>(json.bytes + 1) : nullptr;
  if (!copy) {
    return failMemory(json.bytes + 1, what, error);
  }
  memcpy(copy, json.data, json.bytes);
  if (const void *nul = memchr(json.data, 0, json.bytes)) {
    return fail(error, LAP_INVALID_ARGUMENT, "%s: byte %zu is 0, which JSON does not allow", what,
                static_cast<size_t>(static_cast<const char *>(nul) - json.data));
  }
  BracketStack brackets;
  Handler handler(arena);
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, BracketStack> reader(&brackets, 1024);
  rapidjson::InsituStringStream stream(copy);
  constexpr unsigned flags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag |
                             rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag;
  rapidjson::ParseResult result = reader.Parse<flags>(stream, handler);
  if (handler.outOfMemory()) {
    return failMemory(arena.used(), what, error);
  }
  if (handler.tooDeep()) {
    return fail(error, LAP_INVALID_ARGUMENT, "%s: byte %zu: nested more than %u deep", what, result.Offset(), MaxDepth);
  }
  if (result.IsError()) {
    return fail(error, LAP_INVALID_ARGUMENT, "%s: byte %zu: %s", what, result.Offset(),
                rapidjson::GetParseError_En(result.Code()));
  }
  *out = handler.result();
  return LAP_OK;
}

} // namespace lap
