//===- SchemaKeywords.cpp - which keywords are understood -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A keyword that is not in one of these lists is refused; what is in the second is read somewhere, or refused there.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/SchemaTranslator.h"

namespace lap {

namespace {

/// Keywords that say nothing about the value.
const char *const Annotations[] = {"$schema",         "$id",        "$comment",    "$defs",     "$anchor",
                                   "definitions",     "title",      "description", "default",   "examples",
                                   "example",         "deprecated", "readOnly",    "writeOnly", "contentMediaType",
                                   "contentEncoding", "nullable"};

/// Keywords that are followed here, or read where their type is translated.
const char *const Understood[] = {"$ref",
                                  "allOf",
                                  "anyOf",
                                  "oneOf",
                                  "type",
                                  "enum",
                                  "const",
                                  "minLength",
                                  "maxLength",
                                  "pattern",
                                  "format",
                                  "minimum",
                                  "maximum",
                                  "exclusiveMinimum",
                                  "exclusiveMaximum",
                                  "multipleOf",
                                  "properties",
                                  "required",
                                  "additionalProperties",
                                  "minProperties",
                                  "maxProperties",
                                  "patternProperties",
                                  "propertyNames",
                                  "dependentRequired",
                                  "dependentSchemas",
                                  "dependencies",
                                  "unevaluatedProperties",
                                  "items",
                                  "prefixItems",
                                  "additionalItems",
                                  "minItems",
                                  "maxItems",
                                  "uniqueItems",
                                  "contains",
                                  "minContains",
                                  "maxContains",
                                  "unevaluatedItems"};

} // namespace

uint32_t SchemaTranslator::keyword(const Conjunction &conjunction, const char *name, bool once) {
  uint32_t found = NoJson;
  for (const Conjunct &part : conjunction) {
    uint32_t value = json.find(part.schema, name);
    if (value != NoJson && found != NoJson && once && !json.equal(value, found)) {
      refuse(value, "another %s applies to the same value; only one is supported", name);
    }
    found = value != NoJson && found == NoJson ? value : found;
  }
  return found;
}

bool SchemaTranslator::refuseAny(const Conjunction &conjunction, const char *const *names, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t value = keyword(conjunction, names[i], false);
    if (value != NoJson) {
      refuse(value, "this keyword is not supported");
      return true;
    }
  }
  return false;
}

uint32_t SchemaTranslator::countOf(const Conjunction &conjunction, const char *name, bool largest, uint32_t fallback) {
  uint32_t result = fallback;
  for (const Conjunct &part : conjunction) {
    uint32_t value = json.find(part.schema, name), count;
    if (value == NoJson) {
      continue;
    }
    if (!json.count(value, &count)) {
      refuse(value, "expected a whole number from 0 to 2147483647");
      return fallback;
    }
    bool better = largest ? count > result : count < result;
    result = better ? count : result;
  }
  return result;
}

/// Whether a schema has keywords besides annotations and those that have been followed or replaced by a branch.
bool SchemaTranslator::saysSomething(uint32_t schema, uint32_t chosen) const {
  for (uint32_t at = json[schema].first; at != NoJson; at = json[at].next) {
    auto is = [&](const char *word) { return sameText(json.keyOf(json[at]), json[at].keyBytes, word, strlen(word)); };
    bool silent =
        is("$ref") || is("allOf") || (is("anyOf") && (chosen & AnyOfChosen)) || (is("oneOf") && (chosen & OneOfChosen));
    for (const char *annotation : Annotations) {
      silent = silent || is(annotation);
    }
    if (!silent) {
      return true;
    }
  }
  return false;
}

bool SchemaTranslator::checkKeywords(uint32_t schema) {
  for (uint32_t at = json[schema].first; at != NoJson; at = json[at].next) {
    const char *key = json.keyOf(json[at]);
    uint32_t bytes = json[at].keyBytes;
    bool known = bytes >= 2 && key[0] == 'x' && key[1] == '-'; // vendors' annotations
    for (const char *word : Understood) {
      known |= sameText(key, bytes, word, strlen(word));
    }
    for (const char *word : Annotations) {
      known |= sameText(key, bytes, word, strlen(word));
    }
    if (!known || (sameText(key, bytes, "$id", 3) && schema != Json::Root)) {
      refuse(at, known ? "only the root may have an $id" : "this keyword is not supported");
      return false;
    }
  }
  return true;
}

} // namespace lap
