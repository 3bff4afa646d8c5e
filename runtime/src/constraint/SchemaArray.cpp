//===- SchemaArray.cpp - arrays and tuples --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A tuple's items come first, each with its own schemas; those behind it share theirs. Where minItems lets the array
// end inside the tuple, the rest of it is optional, item by item.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/SchemaTranslator.h"

namespace lap {

namespace {

constexpr uint32_t MaxItems = 20000, MaxTuple = 1000;

class ArrayTranslator {
public:
  ArrayTranslator(SchemaTranslator &translator, const Conjunction &conjunction)
      : t(translator), grammar(t.grammar), json(t.json), conjunction(conjunction) {}

  uint32_t translate();

private:
  bool measure();
  uint32_t tupleOf(uint32_t schema, uint32_t *out_items) const;
  uint32_t item(uint32_t index);
  uint32_t behindTuple();

  SchemaTranslator &t;
  Grammar &grammar;
  const Json &json;
  const Conjunction &conjunction;
  uint32_t least = 0, most = Unlimited, prefix = 0;
  uint32_t comma = Grammar::EmptyExpr;
};

/// The list of a tuple's schemas, and the schema of the items behind it; draft 7 calls them items and additionalItems.
uint32_t ArrayTranslator::tupleOf(uint32_t schema, uint32_t *out_items) const {
  uint32_t items = json.find(schema, "items");
  if (json.is(items, JsonType::Array)) {
    *out_items = json.find(schema, "additionalItems");
    return items;
  }
  *out_items = items;
  return json.find(schema, "prefixItems");
}

bool ArrayTranslator::measure() {
  least = t.countOf(conjunction, "minItems", true, 0);
  most = t.countOf(conjunction, "maxItems", false, Unlimited);
  for (const Conjunct &part : conjunction) {
    uint32_t items, tuple = tupleOf(part.schema, &items);
    if (tuple != NoJson && !json.is(tuple, JsonType::Array)) {
      t.refuse(tuple, "expected an array of schemas");
      return false;
    }
    prefix = tuple != NoJson && json[tuple].children > prefix ? json[tuple].children : prefix;
  }
  if (least > MaxItems || prefix > MaxTuple || (most != Unlimited && most > MaxItems)) {
    t.refuse(conjunction[0].schema, "more than %u items, or %u of a tuple", MaxItems, MaxTuple);
    return false;
  }
  uint32_t unique = t.keyword(conjunction, "uniqueItems", false);
  if (json.is(unique, JsonType::True) && most > 1) {
    t.refuse(unique, "different items cannot be guaranteed");
    return false;
  }
  return !t.failed() && least <= most;
}

/// The value of item `index`; index prefix stands for every item behind the tuple.
uint32_t ArrayTranslator::item(uint32_t index) {
  Conjunction value(1u << 16);
  for (const Conjunct &part : conjunction) {
    uint32_t items, tuple = tupleOf(part.schema, &items);
    uint32_t at = tuple == NoJson ? NoJson : json[tuple].first;
    for (uint32_t i = 0; i < index && at != NoJson; ++i) {
      at = json[at].next;
    }
    at = index < prefix && at != NoJson ? at : items;
    if (at != NoJson) {
      value.add({at, 0});
    }
  }
  return grammar.rule(t.ruleOf(value));
}

/// The items behind the tuple, each with the comma before it.
uint32_t ArrayTranslator::behindTuple() {
  if (most <= prefix) {
    return Grammar::EmptyExpr;
  }
  uint32_t from = least > prefix ? least - prefix : 0, to = most == Unlimited ? Unlimited : most - prefix;
  uint32_t one = item(prefix), next = grammar.all(comma, one);
  if (prefix != 0) {
    return grammar.repeat(next, from, to);
  }
  uint32_t more = grammar.repeat(next, from > 1 ? from - 1 : 0, to == Unlimited ? Unlimited : to - 1);
  uint32_t all = grammar.all(one, more);
  return from == 0 ? grammar.optional(all) : all;
}

uint32_t ArrayTranslator::translate() {
  if (!measure()) {
    return Grammar::NeverExpr;
  }
  comma = grammar.all(grammar.text(","), t.whiteSpace());
  uint32_t tail = behindTuple();
  for (uint32_t index = prefix < most ? prefix : most; index-- > 0;) {
    uint32_t here = grammar.all(index == 0 ? uint32_t(Grammar::EmptyExpr) : comma, item(index), tail);
    uint32_t rule = grammar.addRule(0);
    grammar.define(rule, index < least ? here : grammar.optional(here));
    tail = grammar.rule(rule);
  }
  return grammar.all(grammar.text("["), t.whiteSpace(), tail, t.whiteSpace(), grammar.text("]"));
}

} // namespace

uint32_t SchemaTranslator::arrayOf(const Conjunction &conjunction) {
  static const char *const unsupported[] = {"contains", "minContains", "maxContains", "unevaluatedItems"};
  if (refuseAny(conjunction, unsupported, sizeof(unsupported) / sizeof(unsupported[0]))) {
    return Grammar::NeverExpr;
  }
  return ArrayTranslator(*this, conjunction).translate();
}

} // namespace lap
