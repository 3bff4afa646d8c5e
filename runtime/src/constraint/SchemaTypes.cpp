//===- SchemaTypes.cpp - types, fixed values, exclusive branches ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// oneOf wants exactly one branch to match. Nothing here can look at a finished value, so the branches must exclude each
// other for a reason that is easy to see: different types, different fixed values, a required member whose fixed values
// differ.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/SchemaTranslator.h"
#include "runtime/src/constraint/StringContent.h"

namespace lap {

namespace {

constexpr uint32_t MaxValues = 2000;
constexpr uint64_t MaxComparisons = 1u << 26;

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

} // namespace

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

uint32_t SchemaTranslator::deref(uint32_t schema) const {
  for (uint32_t hops = 0; hops < 32; ++hops) {
    uint32_t reference = json.find(schema, "$ref");
    uint32_t target = json.is(reference, JsonType::String)
                          ? json.resolve(json.textOf(json[reference]), json[reference].textBytes)
                          : uint32_t(NoJson);
    if (target == NoJson || json[schema].children != 1) {
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
