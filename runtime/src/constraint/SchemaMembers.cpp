//===- SchemaMembers.cpp - which members an object may have ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See SchemaMembers.h. Functions that return false have refused the schema.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/SchemaMembers.h"

namespace lap {

/// The member with this name; a new one if there is none.
uint32_t ObjectMembers::memberOf(const char *name, uint32_t bytes) {
  for (uint32_t i = 0; i < declared.size(); ++i) {
    if (sameText(declared[i].name, declared[i].bytes, name, bytes)) {
      return i;
    }
  }
  return declared.add({name, bytes, false, Grammar::NeverExpr});
}

bool ObjectMembers::addProperties(uint32_t schema) {
  uint32_t properties = json.find(schema, "properties");
  if (properties == NoJson) {
    return true;
  }
  anyProperties = true;
  if (!json.is(properties, JsonType::Object)) {
    t.refuse(properties, "expected an object");
    return false;
  }
  for (uint32_t at = json[properties].first; at != NoJson; at = json[at].next) {
    memberOf(json.keyOf(json[at]), json[at].keyBytes);
  }
  return true;
}

/// Whether other members are asked for or forbidden.
bool ObjectMembers::readAdditional(uint32_t schema) {
  uint32_t additional = json.find(schema, "additionalProperties");
  closed |= json.is(additional, JsonType::False);
  open |= json.is(additional, JsonType::True) || json.is(additional, JsonType::Object);
  if (additional != NoJson && !closed && !open) {
    t.refuse(additional, "expected a schema");
    return false;
  }
  uint32_t unevaluated = json.find(schema, "unevaluatedProperties");
  closed |= json.is(unevaluated, JsonType::False);
  if (json.is(unevaluated, JsonType::Object)) {
    t.refuse(unevaluated, "only true and false are supported here");
    return false;
  }
  return true;
}

bool ObjectMembers::addRequired(uint32_t schema) {
  uint32_t required = json.find(schema, "required");
  if (required == NoJson) {
    return true;
  }
  if (!json.is(required, JsonType::Array)) {
    t.refuse(required, "expected an array of names");
    return false;
  }
  for (uint32_t at = json[required].first; at != NoJson; at = json[at].next) {
    if (!json.is(at, JsonType::String)) {
      t.refuse(at, "expected the name of a property");
      return false;
    }
    uint32_t member = memberOf(json.textOf(json[at]), json[at].textBytes);
    if (!declared.failed()) {
      declared[member].required = true;
    }
  }
  return true;
}

void ObjectMembers::collect(const Conjunction &conjunction) {
  for (const Conjunct &part : conjunction) {
    if (!addProperties(part.schema) || !readAdditional(part.schema)) {
      return;
    }
  }
  for (const Conjunct &part : conjunction) { // required names do not change the order of declared ones
    if (!addRequired(part.schema)) {
      return;
    }
  }
  open = !closed && (open || !anyProperties);
}

static int compareMembers(const void *a, const void *b) {
  const Member *left = static_cast<const Member *>(a), *right = static_cast<const Member *>(b);
  uint32_t shorter = left->bytes < right->bytes ? left->bytes : right->bytes;
  int order = memcmp(left->name, right->name, shorter);
  return order ? order : left->bytes < right->bytes ? -1 : left->bytes > right->bytes;
}

void ObjectMembers::sort() {
  if (declared.size() > 1) {
    qsort(declared.begin(), declared.size(), sizeof(Member), compareMembers);
  }
}

} // namespace lap
