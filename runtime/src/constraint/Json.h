//===- Json.h - JSON text as a tree of plain data -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Events of runtime/src/JsonReader.h fill an array of values: numbers stay the text they are (a bound must be exact),
// objects keep the order of their members, and every value knows its parent, so that an error can say where it is (a
// JSON pointer).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_JSON_H
#define LAPIDARY_RUNTIME_CONSTRAINT_JSON_H

#include "lapidary/lapidary.h"
#include "runtime/src/constraint/Array.h"

namespace lap {

enum class JsonType : uint8_t { Null, False, True, Number, String, Array, Object };

/// "No such value"; value 0 is never a member or element.
constexpr uint32_t NoJson = 0;

struct JsonValue {
  JsonType type;
  uint32_t key, keyBytes;   // in Json::texts; of a member
  uint32_t text, textBytes; // in Json::texts: a string, decoded, or a number as written
  uint32_t first, last;     // children, NoJson: none
  uint32_t next, parent;
  uint32_t index, children; // place among its siblings; number of children
};

class Json {
public:
  static constexpr uint32_t MaxDepth = 128;
  static constexpr size_t MaxBytes = 4u << 20;

  /// Parses one JSON text; `what` names it in errors. values[1] is the root. Errors: LAP_INVALID_ARGUMENT with line and
  /// column, LAP_OUT_OF_MEMORY.
  lap_status parse(const char *what, const char *text, size_t bytes, lap_error *error);

  static constexpr uint32_t Root = 1;
  const JsonValue &operator[](uint32_t value) const { return values[value]; }
  const char *textOf(const JsonValue &value) const { return texts.begin() + value.text; }
  const char *keyOf(const JsonValue &value) const { return texts.begin() + value.key; }
  bool is(uint32_t value, JsonType type) const { return value != NoJson && values[value].type == type; }
  bool isText(uint32_t value, const char *text) const {
    return is(value, JsonType::String) && sameText(textOf(values[value]), values[value].textBytes, text, strlen(text));
  }
  /// The last member with this name, NoJson if there is none or `object` is no object.
  uint32_t find(uint32_t object, const char *name, size_t bytes) const;
  uint32_t find(uint32_t object, const char *name) const { return find(object, name, strlen(name)); }
  /// Equal as JSON Schema compares: numbers by value, members in any order.
  bool equal(uint32_t a, uint32_t b) const;
  /// A non-negative whole number below 2^31; false if it is something else.
  bool count(uint32_t value, uint32_t *out) const;
  /// The JSON pointer of a value as a fragment (#/properties/a), cut to fit.
  void pointer(uint32_t value, char *out, size_t capacity) const;
  /// The value a fragment pointer leads to; NoJson if there is none.
  uint32_t resolve(const char *fragment, size_t bytes) const;

  /// The element of an array with this index, NoJson if there is none.
  uint32_t element(uint32_t array, uint32_t index) const;

  Array<JsonValue> values{1u << 21};
  Array<char> texts{1u << 24}; // one 0 and the text that was parsed, in which strings were decoded
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_JSON_H
