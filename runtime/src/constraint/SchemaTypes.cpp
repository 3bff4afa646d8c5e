//===- SchemaTypes.cpp - types and fixed values ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Which types a conjunction of schemas leaves, and values that are written down in the schema.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/SchemaTranslator.h"
#include "runtime/src/constraint/StringContent.h"

namespace lap {

namespace {

constexpr uint32_t MaxValues = 2000;

struct TypeName {
  const char *name;
  uint32_t types;
};

constexpr TypeName TypeNames[] = {
    {"null", NullType},     {"boolean", BooleanType}, {"integer", IntegerType}, {"number", NumberType | IntegerType},
    {"string", StringType}, {"array", ArrayType},     {"object", ObjectType},
};

/// Keywords from which a missing type is understood.
constexpr TypeName Implied[] = {
    {"properties", ObjectType},
    {"required", ObjectType},
    {"additionalProperties", ObjectType},
    {"minProperties", ObjectType},
    {"maxProperties", ObjectType},
    {"patternProperties", ObjectType},
    {"propertyNames", ObjectType},
    {"unevaluatedProperties", ObjectType},
    {"dependentRequired", ObjectType},
    {"dependentSchemas", ObjectType},
    {"dependencies", ObjectType},
    {"items", ArrayType},
    {"prefixItems", ArrayType},
    {"minItems", ArrayType},
    {"maxItems", ArrayType},
    {"uniqueItems", ArrayType},
    {"contains", ArrayType},
    {"unevaluatedItems", ArrayType},
    {"minLength", StringType},
    {"maxLength", StringType},
    {"pattern", StringType},
    {"format", StringType},
    {"minimum", NumberType | IntegerType},
    {"maximum", NumberType | IntegerType},
    {"exclusiveMinimum", NumberType | IntegerType},
    {"exclusiveMaximum", NumberType | IntegerType},
    {"multipleOf", NumberType | IntegerType},
};

bool wholeNumber(const Json &json, uint32_t value) {
  Decimal number;
  return parseDecimal(json.textOf(json[value]), json[value].textBytes, &number) && number.fraction == 0;
}

} // namespace

uint32_t typeOfValue(const Json &json, uint32_t value) {
  switch (json[value].type) {
  case JsonType::Null:
    return NullType;
  case JsonType::False:
  case JsonType::True:
    return BooleanType;
  case JsonType::Number:
    return wholeNumber(json, value) ? IntegerType : NumberType;
  case JsonType::String:
    return StringType;
  case JsonType::Array:
    return ArrayType;
  case JsonType::Object:
    break;
  }
  return ObjectType;
}

uint32_t SchemaTranslator::typeBit(uint32_t value) {
  for (const TypeName &type : TypeNames) {
    if (json.isText(value, type.name)) {
      return type.types;
    }
  }
  refuse(value, "expected a type: null, boolean, integer, number, string, array or object");
  return 0;
}

/// The types one schema allows by its `type`.
uint32_t SchemaTranslator::typesOf(uint32_t schema) {
  uint32_t type = json.find(schema, "type"), types = 0;
  if (type == NoJson) {
    return AnyType;
  }
  if (!json.is(type, JsonType::Array)) {
    return typeBit(type);
  }
  for (uint32_t at = json[type].first; at != NoJson; at = json[at].next) {
    types |= typeBit(at);
  }
  return types;
}

/// The types of which a schema has keywords; 0: none.
uint32_t SchemaTranslator::impliedTypes(uint32_t schema) {
  uint32_t types = 0;
  for (const TypeName &implied : Implied) {
    types |= json.find(schema, implied.name) != NoJson ? implied.types : 0;
  }
  return types;
}

uint32_t SchemaTranslator::typesOf(const Conjunction &conjunction) {
  uint32_t types = AnyType, implied = 0;
  bool given = false;
  for (const Conjunct &part : conjunction) {
    types &= typesOf(part.schema);
    implied |= impliedTypes(part.schema);
    given |= json.find(part.schema, "type") != NoJson;
  }
  return given || implied == 0 ? types : implied;
}

/// A fixed value as it is written.
uint32_t SchemaTranslator::literal(uint32_t value) {
  const JsonValue &node = json[value];
  switch (node.type) {
  case JsonType::Null:
    return grammar.text("null");
  case JsonType::False:
    return grammar.text("false");
  case JsonType::True:
    return grammar.text("true");
  case JsonType::Number:
    return grammar.text(json.textOf(node), node.textBytes);
  case JsonType::String:
    return notation == LAP_NOTATION_JSON ? quotedText(grammar, json.textOf(node), node.textBytes)
                                         : quoted(contentOfText(grammar, json.textOf(node), node.textBytes, notation));
  case JsonType::Array:
  case JsonType::Object:
    break;
  }
  bool object = node.type == JsonType::Object;
  Array<uint32_t> sequence(1u << 16);
  sequence.add(grammar.text(object ? "{" : "["));
  for (uint32_t at = node.first; at != NoJson; at = json[at].next) {
    if (at != node.first) {
      sequence.add(grammar.text(","));
    }
    if (object) {
      sequence.add(keyText(json.keyOf(json[at]), json[at].keyBytes));
    }
    sequence.add(literal(at));
  }
  sequence.add(grammar.text(object ? "}" : "]"));
  return grammar.sequence(sequence.begin(), sequence.size());
}

/// A member's name with the colon behind it.
uint32_t SchemaTranslator::keyText(const char *name, size_t bytes) {
  uint32_t content = contentOfText(grammar, name, bytes, notation);
  if (notation == LAP_NOTATION_TOOL_CALL) {
    return grammar.all(content, grammar.text(":"));
  }
  return grammar.all(grammar.text("\""), content, grammar.text("\":"));
}

/// Whether a fixed value passes all `type`, `enum` and `const`.
bool SchemaTranslator::satisfies(uint32_t value, const Conjunction &conjunction) {
  for (const Conjunct &part : conjunction) {
    uint32_t list = json.find(part.schema, "enum"), fixed = json.find(part.schema, "const");
    bool listed = list == NoJson;
    for (uint32_t at = list == NoJson ? NoJson : json[list].first; at != NoJson && !listed; at = json[at].next) {
      listed = json.equal(value, at);
    }
    if (!listed || (fixed != NoJson && !json.equal(value, fixed)) ||
        !(typesOf(part.schema) & typeOfValue(json, value))) {
      return false;
    }
  }
  return true;
}

uint32_t SchemaTranslator::fixedValues(const Conjunction &conjunction) {
  uint32_t list = keyword(conjunction, "enum", false), fixed = keyword(conjunction, "const", false), types = 0;
  if (list != NoJson && (!json.is(list, JsonType::Array) || json[list].children > MaxValues)) {
    return refuse(list, "expected an array of at most %u values", MaxValues);
  }
  Array<uint32_t> values(MaxValues);
  for (uint32_t at = fixed != NoJson ? fixed : json[list].first; at != NoJson; at = json[at].next) {
    if (satisfies(at, conjunction)) {
      values.add(literal(at));
      types |= typeOfValue(json, at);
    }
    if (fixed != NoJson) {
      break;
    }
  }
  for (const TypeName &other : Implied) { // a keyword that could forbid one of the values
    uint32_t value = keyword(conjunction, other.name, false);
    if (value != NoJson && (other.types & types)) {
      return refuse(value, "together with enum or const this keyword is not supported");
    }
  }
  return grammar.choiceOfTexts(values.begin(), values.size());
}

} // namespace lap
