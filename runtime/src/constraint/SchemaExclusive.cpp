//===- SchemaExclusive.cpp - branches of a oneOf --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// oneOf wants exactly one branch to match. Nothing here can look at a finished value, so the branches must exclude each
// other for a reason that is easy to see: different types, different fixed values, a required member whose fixed values
// differ.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/SchemaTranslator.h"

namespace lap {

constexpr uint64_t MaxComparisons = 1u << 26; // of member names: a fraction of a second

/// The schema a reference leads to, if nothing but annotations stands beside it.
uint32_t SchemaTranslator::deref(uint32_t schema) const {
  for (uint32_t hops = 0; hops < 32; ++hops) {
    uint32_t reference = json.find(schema, "$ref");
    uint32_t target = json.is(reference, JsonType::String)
                          ? json.resolve(json.textOf(json[reference]), json[reference].textBytes)
                          : uint32_t(NoJson);
    if (target == NoJson || json.find(schema, "allOf") != NoJson || saysSomething(schema, 0)) {
      return schema;
    }
    schema = target;
  }
  return schema;
}

namespace {

/// Whether two lists of fixed values (enum, or const as a list of one) have none in common. False if one has none.
bool differentValues(const Json &json, uint32_t a, uint32_t b) {
  uint32_t aList = json.find(a, "enum"), aConst = json.find(a, "const");
  uint32_t bList = json.find(b, "enum"), bConst = json.find(b, "const");
  bool aFixed = aConst != NoJson || json.is(aList, JsonType::Array);
  bool bFixed = bConst != NoJson || json.is(bList, JsonType::Array);
  if (!aFixed || !bFixed) {
    return false;
  }
  for (uint32_t x = aConst != NoJson ? aConst : json[aList].first; x != NoJson;
       x = aConst != NoJson ? NoJson : json[x].next) {
    for (uint32_t y = bConst != NoJson ? bConst : json[bList].first; y != NoJson;
         y = bConst != NoJson ? NoJson : json[y].next) {
      if (json.equal(x, y)) {
        return false;
      }
    }
  }
  return true;
}

/// Those of `types` that the schema's enum or const leaves.
uint32_t visibleTypes(const Json &json, uint32_t schema, uint32_t types) {
  uint32_t list = json.find(schema, "enum"), fixed = json.find(schema, "const"), found = 0;
  if (fixed != NoJson) {
    return types & typeOfValue(json, fixed);
  }
  for (uint32_t at = json.is(list, JsonType::Array) ? json[list].first : NoJson; at != NoJson; at = json[at].next) {
    found |= typeOfValue(json, at);
  }
  return found ? types & found : types;
}

} // namespace

/// Whether no value that is written for one of the schemas can match the other, for a reason that is easy to see.
bool SchemaTranslator::exclude(uint32_t a, uint32_t b, uint32_t level) {
  a = deref(a), b = deref(b);
  if (json.is(a, JsonType::False) || json.is(b, JsonType::False)) {
    return true;
  }
  if (!json.is(a, JsonType::Object) || !json.is(b, JsonType::Object) || level > 4 || comparisons > MaxComparisons) {
    return false;
  }
  uint32_t aTypes = visibleTypes(json, a, typesOf(a)), bTypes = visibleTypes(json, b, typesOf(b));
  uint32_t aWritten = impliedTypes(a), bWritten = impliedTypes(b);
  bool aGiven = json.find(a, "type") != NoJson || aWritten == 0,
       bGiven = json.find(b, "type") != NoJson || bWritten == 0;
  uint32_t common = ((aGiven ? aTypes : aTypes & aWritten) & bTypes) | ((bGiven ? bTypes : bTypes & bWritten) & aTypes);
  if (common == 0 || differentValues(json, a, b)) {
    return true;
  }
  return common == ObjectType && (excludeByMember(a, a, b, level) || excludeByMember(b, a, b, level));
}

/// Whether a member that `owner` (one of them) requires has values that exclude each other.
bool SchemaTranslator::excludeByMember(uint32_t owner, uint32_t a, uint32_t b, uint32_t level) {
  uint32_t properties = json.find(a, "properties"), others = json.find(b, "properties");
  uint32_t required = json.find(owner, "required");
  if (!json.is(required, JsonType::Array) || properties == NoJson || others == NoJson) {
    return false;
  }
  for (uint32_t name = json[required].first; name != NoJson; name = json[name].next) {
    comparisons += json[properties].children + json[others].children + 1;
    if (!json.is(name, JsonType::String)) {
      continue;
    }
    const char *text = json.textOf(json[name]);
    uint32_t bytes = json[name].textBytes;
    uint32_t one = json.find(properties, text, bytes), other = json.find(others, text, bytes);
    if (one != NoJson && other != NoJson && exclude(one, other, level + 1)) {
      return true;
    }
  }
  return false;
}

bool SchemaTranslator::checkExclusive(uint32_t list) {
  if (json[list].children > 256) {
    refuse(list, "more than 256 branches");
    return false;
  }
  for (uint32_t a = json[list].first; a != NoJson; a = json[a].next) {
    for (uint32_t b = json[a].next; b != NoJson && !failed(); b = json[b].next) {
      if (!exclude(a, b, 0)) {
        refuse(list,
               "branches %u and %u might match the same value, and oneOf forbids that; give them different types or a "
               "required property with different const values, or use anyOf",
               json[a].index, json[b].index);
      }
    }
  }
  return !failed();
}

} // namespace lap
