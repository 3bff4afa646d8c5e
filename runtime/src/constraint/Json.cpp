//===- Json.cpp - RapidJSON's events into an array ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// RapidJSON is told to allocate with malloc, to throw and assert nothing, and not to recurse.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Json.h"

#include "runtime/src/Error.h"
#include "runtime/src/constraint/Gbnf.h" // placeOf

#include <new>
#include <stdio.h>

namespace lap {
template <typename T> void destroyObject(T *object) {
  if (object) {
    object->~T();
    free(object);
  }
}
} // namespace lap

// An own namespace: other files may configure RapidJSON differently.
#define RAPIDJSON_NAMESPACE lapConstraintJson
#define RAPIDJSON_NAMESPACE_BEGIN namespace lapConstraintJson {
#define RAPIDJSON_NAMESPACE_END }
#define RAPIDJSON_ASSERT(condition) ((void)0)
#define RAPIDJSON_NEW(object) ::new (::malloc(sizeof(decltype(object)))) object
#define RAPIDJSON_DELETE(object) ::lap::destroyObject(object)
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

namespace lap {

namespace {

using Encoding = lapConstraintJson::UTF8<>;

class Handler : public lapConstraintJson::BaseReaderHandler<Encoding, Handler> {
public:
  explicit Handler(Json &json) : json(json) {}

  bool Null() { return add(JsonType::Null) != NoJson; }
  bool Bool(bool value) { return add(value ? JsonType::True : JsonType::False) != NoJson; }
  bool RawNumber(const char *text, uint32_t bytes, bool) { return addText(JsonType::Number, text, bytes); }
  bool String(const char *text, uint32_t bytes, bool) { return addText(JsonType::String, text, bytes); }
  bool Key(const char *text, uint32_t bytes, bool) {
    key = json.texts.size();
    keyBytes = bytes;
    json.texts.append(text, bytes);
    return !json.texts.failed();
  }
  bool StartObject() { return open(JsonType::Object); }
  bool StartArray() { return open(JsonType::Array); }
  bool EndObject(uint32_t) { return close(); }
  bool EndArray(uint32_t) { return close(); }
  bool Default() { return false; }

  bool tooDeep = false;

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
  bool addText(JsonType type, const char *text, uint32_t bytes) {
    uint32_t at = add(type);
    if (at != NoJson) {
      json.values[at].text = json.texts.size();
      json.values[at].textBytes = bytes;
      json.texts.append(text, bytes);
    }
    return at != NoJson && !json.texts.failed();
  }
  bool open(JsonType type) {
    tooDeep = ++depth > Json::MaxDepth;
    uint32_t at = tooDeep ? NoJson : add(type);
    parent = at;
    return at != NoJson;
  }
  bool close() {
    --depth;
    parent = json.values[parent].parent;
    return true;
  }

  Json &json;
  uint32_t parent = NoJson, depth = 0, key = 0, keyBytes = 0;
};

} // namespace

lap_status Json::parse(const char *what, const char *text, size_t bytes, lap_error *error) {
  if (bytes > MaxBytes) {
    return fail(error, LAP_INVALID_ARGUMENT, "%s has %zu bytes, at most %zu are read", what, bytes, MaxBytes);
  }
  values.clear();
  texts.clear();
  values.add({});
  texts.add(0); // so that begin() is never null
  lapConstraintJson::CrtAllocator allocator;
  lapConstraintJson::GenericReader<Encoding, Encoding, lapConstraintJson::CrtAllocator> reader(&allocator);
  lapConstraintJson::MemoryStream memory(text, bytes);
  lapConstraintJson::EncodedInputStream<Encoding, lapConstraintJson::MemoryStream> stream(memory);
  Handler handler(*this);
  constexpr unsigned flags = lapConstraintJson::kParseIterativeFlag | lapConstraintJson::kParseNumbersAsStringsFlag |
                             lapConstraintJson::kParseValidateEncodingFlag;
  lapConstraintJson::ParseResult result = reader.Parse<flags>(stream, handler);
  if (!result.IsError()) {
    return LAP_OK;
  }
  if (values.failed() || texts.failed()) {
    return fail(error, LAP_OUT_OF_MEMORY, "not enough memory for %s, or it has too many values", what);
  }
  TextPlace place = placeOf(text, bytes, result.Offset());
  if (handler.tooDeep) {
    return fail(error, LAP_INVALID_ARGUMENT, "%s:%u:%u: nested deeper than %u", what, place.line, place.column,
                MaxDepth);
  }
  return fail(error, LAP_INVALID_ARGUMENT, "%s:%u:%u: this is no JSON: %s", what, place.line, place.column,
              lapConstraintJson::GetParseError_En(result.Code()));
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

void Json::pointer(uint32_t value, char *out, size_t capacity) const {
  uint32_t path[MaxDepth + 1], depth = 0;
  for (uint32_t at = value; at != NoJson && values[at].parent != NoJson && depth <= MaxDepth; at = values[at].parent) {
    path[depth++] = at;
  }
  size_t used = size_t(snprintf(out, capacity, "#"));
  while (depth-- > 0 && used + 1 < capacity) {
    const JsonValue &step = values[path[depth]];
    bool member = values[step.parent].type == JsonType::Object;
    int wrote = member ? snprintf(out + used, capacity - used, "/%.*s", int(step.keyBytes), keyOf(step))
                       : snprintf(out + used, capacity - used, "/%u", step.index);
    used += wrote > 0 ? size_t(wrote) : 0;
  }
  for (size_t i = 0; i < capacity && out[i]; ++i) {
    out[i] = out[i] == '\n' || out[i] == '\r' ? ' ' : out[i];
  }
}

/// Undoes the escapes of one reference token: %XX, ~1 and ~0.
static size_t unescape(const char *text, size_t bytes, char *out) {
  size_t used = 0;
  for (size_t i = 0; i < bytes; ++i) {
    unsigned code = 0;
    char hex[3] = {i + 2 < bytes ? text[i + 1] : '\0', i + 2 < bytes ? text[i + 2] : '\0', 0};
    if (text[i] == '%' && sscanf(hex, "%2x", &code) == 1) {
      out[used++] = char(code);
      i += 2;
    } else {
      out[used++] = text[i];
    }
  }
  size_t kept = 0;
  for (size_t i = 0; i < used; ++i) {
    bool tilde = out[i] == '~' && i + 1 < used && (out[i + 1] == '0' || out[i + 1] == '1');
    out[kept++] = tilde ? (out[i + 1] == '0' ? '~' : '/') : out[i];
    i += tilde;
  }
  return kept;
}

uint32_t Json::resolve(const char *fragment, size_t bytes) const {
  uint32_t at = Root;
  if (bytes == 0 || fragment[0] != '#' || (bytes > 1 && fragment[1] != '/')) {
    return NoJson;
  }
  for (size_t i = 1; i < bytes;) {
    size_t end = i + 1;
    while (end < bytes && fragment[end] != '/') {
      ++end;
    }
    char name[512];
    if (end - i - 1 > sizeof(name) || at == NoJson) {
      return NoJson;
    }
    size_t length = unescape(fragment + i + 1, end - i - 1, name);
    if (values[at].type == JsonType::Array) {
      uint32_t index = 0;
      for (size_t k = 0; k < length; ++k) {
        index =
            name[k] >= '0' && name[k] <= '9' && index < (1u << 24) ? index * 10 + uint32_t(name[k] - '0') : 1u << 28;
      }
      for (at = values[at].first; at != NoJson && values[at].index != index; at = values[at].next) {
      }
    } else {
      at = find(at, name, length);
    }
    i = end;
  }
  return at;
}

} // namespace lap
