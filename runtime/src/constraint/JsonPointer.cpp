//===- JsonPointer.cpp - where a value is, as JSON pointers say it --------===//
// SPDX-License-Identifier: Apache-2.0
//
// RFC 6901 in fragments (#/properties/a), as $ref and errors write it.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Json.h"

#include <stdio.h>

namespace lap {

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

/// The number a reference token stands for; larger than any index if it is none.
static uint32_t indexOf(const char *name, size_t bytes) {
  constexpr uint32_t none = 1u << 28;
  uint32_t index = 0;
  for (size_t i = 0; i < bytes; ++i) {
    index = name[i] >= '0' && name[i] <= '9' && index < (1u << 24) ? index * 10 + uint32_t(name[i] - '0') : none;
  }
  return index;
}

uint32_t Json::element(uint32_t array, uint32_t index) const {
  uint32_t at = values[array].first;
  while (at != NoJson && values[at].index != index) {
    at = values[at].next;
  }
  return at;
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
    at = values[at].type == JsonType::Array ? element(at, indexOf(name, length)) : find(at, name, length);
    i = end;
  }
  return at;
}

} // namespace lap
