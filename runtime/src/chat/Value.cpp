//===- Value.cpp - values of the template language -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Value.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Value.h"

namespace lap {

namespace {

constexpr uint32_t SmallMap = 16;

/// FNV-1a with a multiplicative finish. Starts from the map's address, so that nobody can prepare keys that collide.
uint32_t hashOf(const Map *map, Text key) {
  uint64_t hash = 0xCBF29CE484222325ull ^ (reinterpret_cast<uintptr_t>(map) * 0x9E3779B97F4A7C15ull);
  for (size_t i = 0; i < key.bytes; ++i) {
    hash = (hash ^ static_cast<uint8_t>(key.data[i])) * 0x100000001B3ull;
  }
  return static_cast<uint32_t>((hash * 0x9E3779B97F4A7C15ull) >> 32);
}

bool listsEqual(const List &a, const List &b, uint64_t *budget, int depth) {
  bool same = a.count == b.count && a.tuple == b.tuple;
  for (uint32_t i = 0; same && i < a.count; ++i) {
    same = equals(a.at(i), b.at(i), budget, depth - 1);
  }
  return same;
}

bool mapsEqual(const Map &a, const Map &b, uint64_t *budget, int depth) {
  bool same = a.count == b.count;
  for (uint32_t i = 0; same && i < a.count; ++i) {
    const Value *other = b.find(a.entries[i].key);
    same = other && equals(a.entries[i].value, *other, budget, depth - 1);
  }
  return same;
}

} // namespace

bool Value::truthy() const {
  switch (kind) {
  case Undefined:
  case None:
  case Absent:
    return false;
  case Bool:
  case Integer:
    return integer != 0;
  case Float:
    return real != 0;
  case String:
    return bytes != 0;
  case ListKind:
    return list->count != 0;
  case MapKind:
    return map->count != 0;
  case BigInteger:
  case Namespace:
  case MacroKind:
  case Method:
  case LoopKind:
    return true;
  }
  return false;
}

Map *Map::create(Arena &arena, uint32_t capacity) {
  Map *map = arena.allocate<Map>(1);
  Entry *entries = map ? arena.allocate<Entry>(capacity) : nullptr;
  if (!entries) {
    return nullptr;
  }
  map->entries = entries;
  map->capacity = capacity;
  return map;
}

Value *Map::find(Text key) const {
  if (slots) {
    uint32_t mask = (1u << slotBits) - 1;
    for (uint32_t slot = hashOf(this, key) & mask; slots[slot] != 0; slot = (slot + 1) & mask) {
      Entry &entry = entries[slots[slot] - 1];
      if (entry.key.equals(key)) {
        return &entry.value;
      }
    }
    return nullptr;
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (entries[i].key.equals(key)) {
      return &entries[i].value;
    }
  }
  return nullptr;
}

void Map::index(uint32_t position) {
  uint32_t mask = (1u << slotBits) - 1, slot = hashOf(this, entries[position].key) & mask;
  while (slots[slot] != 0) {
    slot = (slot + 1) & mask;
  }
  slots[slot] = position + 1;
}

/// Twice the entries, and four slots for each of them.
bool Map::grow(Arena &arena) {
  uint32_t larger = capacity < 4 ? 8 : capacity * 2;
  Entry *fresh = capacity < (1u << 28) ? arena.allocate<Entry>(larger) : nullptr;
  if (!fresh) {
    return false;
  }
  memcpy(static_cast<void *>(fresh), entries, count * sizeof(Entry));
  entries = fresh;
  capacity = larger;
  return true;
}

bool Map::set(Text key, Value value, Arena &arena) {
  if (Value *found = find(key)) {
    *found = value;
    return true;
  }
  if (count == capacity && !grow(arena)) {
    return false;
  }
  entries[count].key = key;
  entries[count].value = value;
  ++count;
  if (slots && count * 2 <= 1u << slotBits) {
    index(count - 1);
  } else if (count > SmallMap) {
    uint32_t bits = 6;
    while ((1u << bits) < count * 4) {
      ++bits;
    }
    uint32_t *fresh = arena.allocate<uint32_t>(size_t(1) << bits);
    if (!fresh) {
      return false;
    }
    slots = fresh;
    slotBits = bits;
    for (uint32_t i = 0; i < count; ++i) {
      index(i);
    }
  }
  return true;
}

bool equals(const Value &a, const Value &b, uint64_t *budget, int depth) {
  if (depth == 0 || *budget == 0) {
    return false;
  }
  --*budget;
  if (a.isNumber() && b.isNumber()) {
    return a.isWhole() && b.isWhole() ? a.integer == b.integer : a.asReal() == b.asReal();
  }
  if (a.kind != b.kind) {
    return false;
  }
  switch (a.kind) {
  case Value::Undefined:
  case Value::None:
    return true;
  case Value::String:
  case Value::BigInteger:
  case Value::Method:
    return a.text().equals(b.text());
  case Value::ListKind:
    return listsEqual(*a.list, *b.list, budget, depth);
  case Value::MapKind:
    return mapsEqual(*a.map, *b.map, budget, depth);
  default:
    return a.map == b.map; // the same object
  }
}

int compareTexts(Text a, Text b) {
  size_t common = a.bytes < b.bytes ? a.bytes : b.bytes;
  int order = memcmp(a.data, b.data, common);
  return order ? order : a.bytes < b.bytes ? -1 : a.bytes > b.bytes;
}

} // namespace lap
