//===- Json.cpp - JSON's events into an array -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Json.h. JsonPointer.cpp writes and follows pointers.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Json.h"

#include "runtime/src/Error.h"
#include "runtime/src/JsonReader.h"
#include "runtime/src/constraint/TextPlace.h"

namespace lap {

namespace {

/// Adds values to a Json in the order they come; false: the arrays are full.
class TreeBuilder {
public:
  explicit TreeBuilder(Json &json) : json(json) {}

  bool take(const JsonEvent &event) {
    switch (event.kind) {
    case JsonEvent::Null:
      return add(JsonType::Null) != NoJson;
    case JsonEvent::False:
      return add(JsonType::False) != NoJson;
    case JsonEvent::True:
      return add(JsonType::True) != NoJson;
    case JsonEvent::Number:
      return addText(JsonType::Number, event);
    case JsonEvent::String:
      return addText(JsonType::String, event);
    case JsonEvent::Key:
      key = offsetOf(event);
      keyBytes = event.size;
      return true;
    case JsonEvent::StartObject:
      return open(JsonType::Object);
    case JsonEvent::StartArray:
      return open(JsonType::Array);
    case JsonEvent::EndObject:
    case JsonEvent::EndArray:
      parent = json.values[parent].parent;
      return true;
    }
    return false;
  }

private:
  uint32_t add(JsonType type) {
    uint32_t at = json.values.add({type, key, keyBytes, 0, 0, NoJson, NoJson, NoJson, parent, 0, 0});
    key = keyBytes = 0;
    if (at != NoJson && parent != NoJson) {
      JsonValue &owner = json.values[parent];
      json.values[at].index = owner.children++;
      (owner.last != NoJson ? json.values[owner.last].next : owner.first) = at;
      owner.last = at;
    }
    return at;
  }
  bool addText(JsonType type, const JsonEvent &event) {
    uint32_t at = add(type);
    if (at != NoJson) {
      json.values[at].text = offsetOf(event);
      json.values[at].textBytes = event.size;
    }
    return at != NoJson;
  }
  bool open(JsonType type) {
    parent = add(type);
    return parent != NoJson;
  }
  uint32_t offsetOf(const JsonEvent &event) const { return uint32_t(event.text - json.texts.begin()); }

  Json &json;
  uint32_t parent = NoJson, key = 0, keyBytes = 0;
};

/// Bytes of a byte order mark at the beginning, which some editors write.
size_t markBytes(const char *text, size_t bytes) { return bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; }

} // namespace

lap_status Json::parse(const char *what, const char *text, size_t bytes, lap_error *error) {
  if (bytes > MaxBytes) {
    return fail(error, LAP_INVALID_ARGUMENT, "%s has %zu bytes, at most %zu are read", what, bytes, MaxBytes);
  }
  const size_t mark = markBytes(text, bytes);
  values.clear();
  texts.clear();
  values.add({});
  texts.addZeros(uint32_t(bytes - mark + 2));
  if (values.failed() || texts.failed()) {
    return fail(error, LAP_OUT_OF_MEMORY, "not enough memory for %s", what);
  }
  char *copy = texts.begin() + 1;
  memcpy(copy, text + mark, bytes - mark);
  TreeBuilder builder(*this);
  const auto take = [](void *receiver, const JsonEvent &event) {
    return static_cast<TreeBuilder *>(receiver)->take(event);
  };
  const JsonEnd end = readJsonInPlace(copy, bytes - mark, MaxDepth, take, &builder);
  if (end.kind == JsonEnd::Complete) {
    return LAP_OK;
  }
  if (end.kind == JsonEnd::Stopped) {
    return fail(error, LAP_OUT_OF_MEMORY, "not enough memory for %s, or it has too many values", what);
  }
  const TextPlace place = placeOf(text, bytes, mark + end.offset);
  if (end.kind == JsonEnd::TooDeep) {
    return fail(error, LAP_INVALID_ARGUMENT, "%s:%u:%u: nested deeper than %u", what, place.line, place.column,
                MaxDepth);
  }
  return fail(error, LAP_INVALID_ARGUMENT, "%s:%u:%u: this is no JSON: %s", what, place.line, place.column,
              end.problem);
}

uint32_t Json::find(uint32_t object, const char *name, size_t bytes) const {
  uint32_t found = NoJson;
  for (uint32_t at = is(object, JsonType::Object) ? values[object].first : NoJson; at != NoJson; at = values[at].next) {
    if (sameText(keyOf(values[at]), values[at].keyBytes, name, bytes)) {
      found = at;
    }
  }
  return found;
}

/// Numbers compare by value, 1 and 1.0 are equal.
static bool sameNumber(const char *a, uint32_t aBytes, const char *b, uint32_t bBytes) {
  char left[400], right[400];
  if (aBytes >= sizeof(left) || bBytes >= sizeof(right)) {
    return sameText(a, aBytes, b, bBytes);
  }
  memcpy(left, a, aBytes), left[aBytes] = 0;
  memcpy(right, b, bBytes), right[bBytes] = 0;
  return strtod(left, nullptr) == strtod(right, nullptr);
}

bool Json::equal(uint32_t a, uint32_t b) const {
  const JsonValue &left = values[a], &right = values[b];
  if (left.type != right.type || left.children != right.children) {
    return false;
  }
  if (left.type == JsonType::Number) {
    return sameNumber(textOf(left), left.textBytes, textOf(right), right.textBytes);
  }
  if (left.type == JsonType::String) {
    return sameText(textOf(left), left.textBytes, textOf(right), right.textBytes);
  }
  uint32_t other = right.first;
  for (uint32_t at = left.first; at != NoJson; at = values[at].next) {
    if (left.type == JsonType::Object) {
      other = find(b, keyOf(values[at]), values[at].keyBytes);
    }
    if (other == NoJson || !equal(at, other)) {
      return false;
    }
    other = values[other].next;
  }
  return true;
}

bool Json::count(uint32_t value, uint32_t *out) const {
  if (!is(value, JsonType::Number) || values[value].textBytes > 10) {
    return false;
  }
  uint64_t number = 0;
  for (uint32_t i = 0; i < values[value].textBytes; ++i) {
    char c = textOf(values[value])[i];
    if (c < '0' || c > '9') {
      return false;
    }
    number = number * 10 + uint64_t(c - '0');
  }
  *out = uint32_t(number);
  return number < (1u << 31);
}

} // namespace lap
