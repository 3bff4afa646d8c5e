//===- Schema.cpp - conjunctions of schemas to rules ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See SchemaTranslator.h. Here: references, allOf, anyOf and oneOf, the queue of conjunctions, and what all types
// share.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/SchemaTranslator.h"

#include "runtime/src/Error.h"
#include "runtime/src/constraint/Vocabulary.h"

#include <stdarg.h>
#include <stdio.h>

namespace lap {

uint32_t SchemaTranslator::refuse(uint32_t value, const char *format, ...) {
  if (!failed()) {
    char message[300], pointer[180];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    json.pointer(value, pointer, sizeof(pointer));
    status = fail(error, LAP_INVALID_ARGUMENT, "schema at %s: %s", pointer, message);
  }
  return Grammar::NeverExpr;
}

uint32_t SchemaTranslator::ruleOfAnything() {
  if (anything == UINT32_MAX) {
    Conjunction empty;
    anything = ruleOf(empty);
  }
  return anything;
}

bool SchemaTranslator::findShared(SharedKind kind, uint32_t a, uint32_t b, uint32_t *out_rule) {
  for (const Shared &one : shared) {
    if (one.kind == kind && one.a == a && one.b == b) {
      *out_rule = one.rule;
      return true;
    }
  }
  *out_rule = grammar.addRule(0);
  shared.add({kind, a, b, *out_rule}); // if there are too many, the others are not shared
  return false;
}

/// Nothing, a space, or a new line and its indentation: bounded, so that no text is only white space.
uint32_t SchemaTranslator::whiteSpace() {
  if (notation != LAP_NOTATION_JSON) {
    return Grammar::EmptyExpr;
  }
  if (space == UINT32_MAX) {
    space = grammar.addRule(0);
    uint32_t indent = grammar.repeat(grammar.text(" "), 0, 20);
    uint32_t line = grammar.all(grammar.text("\n"), indent);
    grammar.define(space, grammar.optional(grammar.any(grammar.text(" "), line)));
  }
  return grammar.rule(space);
}

/// Follows $ref and allOf until only schemas with keywords of their own are left, each once. False: no value is valid.
bool SchemaTranslator::flatten(Conjunction &conjunction) {
  for (uint32_t i = 0; i < conjunction.size() && !failed(); ++i) {
    uint32_t schema = conjunction[i].schema;
    if (json.is(schema, JsonType::False)) {
      return false;
    }
    if (!json.is(schema, JsonType::True) && !json.is(schema, JsonType::Object)) {
      refuse(schema, "expected a schema (an object, true or false)");
      return false;
    }
    checkKeywords(schema);
    uint32_t reference = json.find(schema, "$ref"), all = json.find(schema, "allOf");
    if (reference != NoJson) {
      addReference(conjunction, reference);
    }
    if (all != NoJson && !json.is(all, JsonType::Array)) {
      refuse(all, "expected an array of schemas");
    }
    for (uint32_t at = all == NoJson || failed() ? NoJson : json[all].first; at != NoJson; at = json[at].next) {
      addOnce(conjunction, at);
    }
  }
  uint32_t kept = 0; // schemas that say nothing by themselves would only make equal conjunctions look different
  for (uint32_t i = 0; i < conjunction.size(); ++i) {
    Conjunct part = conjunction[i];
    conjunction[kept] = part;
    kept += saysSomething(part.schema, part.chosen);
  }
  conjunction.shrink(kept);
  return !failed();
}

void SchemaTranslator::addOnce(Conjunction &conjunction, uint32_t schema) {
  for (const Conjunct &part : conjunction) {
    if (part.schema == schema) {
      return;
    }
  }
  if (conjunction.size() >= MaxConjuncts) {
    refuse(schema, "more than %u schemas apply to one value", MaxConjuncts);
    return;
  }
  conjunction.add({schema, 0});
}

bool SchemaTranslator::addReference(Conjunction &conjunction, uint32_t reference) {
  uint32_t target = NoJson;
  if (json.is(reference, JsonType::String)) {
    target = json.resolve(json.textOf(json[reference]), json[reference].textBytes);
  }
  if (target == NoJson) {
    refuse(reference, "this reference leads nowhere; supported are JSON pointers into the same schema, such as "
                      "#/$defs/name");
    return false;
  }
  addOnce(conjunction, target);
  return true;
}

uint32_t SchemaTranslator::ruleOf(const Conjunction &given) {
  Conjunction conjunction(1u << 16);
  conjunction.assign(given);
  bool possible = flatten(conjunction);
  if (!possible) {
    conjunction.clear();
    conjunction.add({NoJson, 0}); // stands for false
  }
  uint32_t hash = 2166136261u;
  for (const Conjunct &part : conjunction) {
    hash = ((hash ^ part.schema) * 16777619u ^ part.chosen) * 16777619u;
  }
  if (buckets.size() == 0) {
    buckets.addZeros(Buckets);
  }
  if (buckets.failed() || conjunction.failed() || grammar.failed() || parts.failed()) {
    status = failed() ? status : fail(error, LAP_INVALID_ARGUMENT, "the schema is too large");
    return 0;
  }
  uint32_t &bucket = buckets[hash % Buckets];
  for (uint32_t at = bucket; at != 0; at = known[at - 1].nextInBucket) {
    const Known &one = known[at - 1];
    if (one.count == conjunction.size() &&
        (one.count == 0 || memcmp(&parts[one.first], conjunction.begin(), one.count * sizeof(Conjunct)) == 0)) {
      return one.rule;
    }
  }
  uint32_t origin = conjunction.size() != 0 ? conjunction[0].schema : NoJson;
  Known fresh = {parts.size(), conjunction.size(), grammar.addRule(origin), bucket};
  parts.append(conjunction.begin(), conjunction.size());
  bucket = known.add(fresh) + 1;
  return fresh.rule;
}

void SchemaTranslator::translateQueue() {
  for (uint32_t next = 0; next < known.size() && !failed(); ++next) {
    Known one = known[next];
    Conjunction conjunction(1u << 16);
    if (one.count != 0) {
      conjunction.append(&parts[one.first], one.count);
    }
    bool never = one.count == 1 && conjunction[0].schema == NoJson;
    uint32_t expr = never ? uint32_t(Grammar::NeverExpr) : translate(conjunction);
    if (grammar.failed() || parts.failed() || known.failed()) {
      status = failed() ? status : fail(error, LAP_INVALID_ARGUMENT, "the schema is too large");
      return;
    }
    grammar.define(one.rule, expr);
  }
}

/// One rule per branch of an anyOf or oneOf.
uint32_t SchemaTranslator::branches(const Conjunction &conjunction, uint32_t at, uint32_t list, uint32_t mark) {
  if (!json.is(list, JsonType::Array) || json[list].first == NoJson) {
    return refuse(list, "expected an array of at least one schema");
  }
  if (mark == OneOfChosen && !checkExclusive(list)) {
    return Grammar::NeverExpr;
  }
  Array<uint32_t> rules(1u << 16);
  for (uint32_t branch = json[list].first; branch != NoJson && !failed(); branch = json[branch].next) {
    Conjunction chosen(1u << 16);
    chosen.assign(conjunction);
    chosen[at].chosen |= mark;
    if (!saysSomething(chosen[at].schema, chosen[at].chosen)) {
      chosen[at] = chosen.back(); // so that the branch alone is the rule
      chosen.pop();
    }
    addOnce(chosen, branch);
    rules.add(grammar.rule(ruleOf(chosen)));
  }
  return grammar.choice(rules.begin(), rules.size());
}

uint32_t SchemaTranslator::translate(Conjunction &conjunction) {
  for (uint32_t i = 0; i < conjunction.size(); ++i) {
    uint32_t any = json.find(conjunction[i].schema, "anyOf"), one = json.find(conjunction[i].schema, "oneOf");
    if (any != NoJson && !(conjunction[i].chosen & AnyOfChosen)) {
      return branches(conjunction, i, any, AnyOfChosen);
    }
    if (one != NoJson && !(conjunction[i].chosen & OneOfChosen)) {
      return branches(conjunction, i, one, OneOfChosen);
    }
  }
  if (keyword(conjunction, "const", false) != NoJson || keyword(conjunction, "enum", false) != NoJson) {
    return fixedValues(conjunction);
  }
  uint32_t types = typesOf(conjunction);
  return failed() ? uint32_t(Grammar::NeverExpr) : valuesOfTypes(conjunction, types);
}

uint32_t SchemaTranslator::valuesOfTypes(const Conjunction &conjunction, uint32_t types) {
  Array<uint32_t> choices(16);
  if (types & NullType) {
    choices.add(grammar.text("null"));
  }
  if (types & BooleanType) {
    choices.add(grammar.any(grammar.text("true"), grammar.text("false")));
  }
  if (types & (IntegerType | NumberType)) {
    choices.add(numberOf(conjunction, !(types & NumberType)));
  }
  if (types & StringType) {
    choices.add(stringOf(conjunction));
  }
  if (types & ArrayType) {
    choices.add(arrayOf(conjunction));
  }
  if (types & ObjectType) {
    choices.add(objectOf(conjunction));
  }
  return grammar.choice(choices.begin(), choices.size());
}

uint32_t SchemaTranslator::specialToken(const char *text) {
  uint32_t id = findControlToken(tokenizer, text, strlen(text));
  if (id != LAP_NO_ID) {
    return grammar.character(FirstToken + id);
  }
  status = failed() ? status : fail(error, LAP_UNAVAILABLE, "this model has no control token %s for tool calls", text);
  return Grammar::NeverExpr;
}

lap_status SchemaTranslator::schema(const char *text, size_t bytes) {
  status = json.parse("schema", text, bytes, error);
  if (failed()) {
    return status;
  }
  Conjunction root;
  root.add({Json::Root, 0});
  uint32_t start = grammar.addRule(Json::Root);
  grammar.define(start, grammar.rule(ruleOf(root)));
  translateQueue();
  return status;
}

lap_status translateSchema(const char *text, size_t bytes, lap_notation notation, const lap_tokenizer *tokenizer,
                           Grammar &grammar, lap_error *error) {
  if (notation != LAP_NOTATION_JSON && notation != LAP_NOTATION_TOOL_CALL) {
    return fail(error, LAP_INVALID_ARGUMENT, "unknown notation %d", int(notation));
  }
  return SchemaTranslator(notation, tokenizer, grammar, error).schema(text, bytes);
}

} // namespace lap
