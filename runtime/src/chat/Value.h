//===- Value.h - values of the template language -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Sixteen bytes each, passed by value; texts, lists and maps lie in the arena (or in the program) and are never
// changed once made, so values share them. Only namespaces change, and nothing but a name reaches one.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_VALUE_H
#define LAPIDARY_RUNTIME_CHAT_VALUE_H

#include "runtime/src/chat/Arena.h"
#include "runtime/src/chat/TemplateProgram.h"

#include <string.h>

namespace lap {

/// A piece of UTF-8, not NUL-terminated.
struct Text {
  const char *data = "";
  size_t bytes = 0;

  bool equals(Text other) const { return bytes == other.bytes && memcmp(data, other.data, bytes) == 0; }
  /// The bytes [begin, end).
  Text part(size_t begin, size_t end) const { return {data + begin, end - begin}; }
};

inline Text textOf(const char *string) { return {string, strlen(string)}; }

struct List;
struct Map;
struct Scope;
struct Loop;

/// A macro and the scope it was defined in.
struct Macro {
  const lap_template_node *node;
  Scope *scope;
};

struct Value {
  enum Kind : uint8_t {
    Undefined, // text: the name that is not there
    None,
    Bool,
    Integer,
    Float,
    BigInteger, // text: digits of a whole number beyond 64 bits, which can be passed on and printed only
    String,
    ListKind,
    MapKind,
    Namespace, // a map that changes
    MacroKind,
    Method, // text: a method that was taken but not called
    LoopKind,
    Absent // an argument that was not given
  };
  Kind kind = Undefined;
  uint32_t bytes = 0; // of a text: texts are at most 4 GiB by the arena's limit
  union {
    const char *data = "";
    int64_t integer; // of Bool too
    double real;
    List *list;
    Map *map;
    Macro *macro;
    Loop *loop;
  };

  static Value none() { return of(None); }
  static Value boolean(bool value) {
    Value result = of(Bool);
    result.integer = value;
    return result;
  }
  static Value integerOf(int64_t value) {
    Value result = of(Integer);
    result.integer = value;
    return result;
  }
  static Value realOf(double value) {
    Value result = of(Float);
    result.real = value;
    return result;
  }
  static Value string(Text text, Kind kind = String) {
    Value result = of(kind);
    result.data = text.data;
    result.bytes = static_cast<uint32_t>(text.bytes);
    return result;
  }
  static Value undefined(Text name) { return string(name, Undefined); }
  static Value listOf(List *list) {
    Value result = of(ListKind);
    result.list = list;
    return result;
  }
  static Value mapOf(Map *map, Kind kind = MapKind) {
    Value result = of(kind);
    result.map = map;
    return result;
  }

  static Value absent() { return of(Absent); }

  bool is(Kind other) const { return kind == other; }
  bool isWhole() const { return kind == Bool || kind == Integer; }
  bool isNumber() const { return isWhole() || kind == Float; }
  double asReal() const { return kind == Float ? real : static_cast<double>(integer); }
  Text text() const { return {data, bytes}; }
  /// Python's truth: undefined, none, 0, "", [] and {} are false.
  bool truthy() const;

private:
  static Value of(Kind kind) {
    Value result;
    result.kind = kind;
    return result;
  }
};

/// Items in memory, or the numbers start, start + step, ..
struct List {
  Value *items;
  uint32_t count;
  bool tuple, range;
  int64_t start, step;

  Value at(uint32_t i) const { return range ? Value::integerOf(start + static_cast<int64_t>(i) * step) : items[i]; }
};

struct Entry {
  Text key;
  Value value;
};

/// In order of insertion; larger maps have a hash table of positions.
struct Map {
  Entry *entries;
  uint32_t count, capacity;
  uint32_t *slots; // positions + 1; null while the map is small
  uint32_t slotBits;

  /// The value of a key, or null.
  Value *find(Text key) const;
  /// Adds or replaces; false when the arena is full.
  bool set(Text key, Value value, Arena &arena);
  /// A map with room; null when the arena is full.
  static Map *create(Arena &arena, uint32_t capacity);

private:
  bool grow(Arena &arena);
  void index(uint32_t position);
};

/// A loop in progress: what `loop` is.
struct Loop {
  const List *items;
  uint32_t index; // from 0
  uint32_t depth; // of loops around it
};

/// Python's ==. Every pair of values compared takes one from *budget; without a budget left, or nested deeper than
/// `depth`, values are unequal (lists may share their items, so a small value can stand for a huge one).
bool equals(const Value &a, const Value &b, uint64_t *budget, int depth = 100);

/// Order of two texts by code points, which is that of their bytes: negative, 0 or positive.
int compareTexts(Text a, Text b);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CHAT_VALUE_H
