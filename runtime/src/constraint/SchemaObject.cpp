//===- SchemaObject.cpp - objects -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Members are written in the order in which they are declared; each that is not required may be left out. For members
// i, i + 1, ... there are two rules, one for "nothing is written yet" and one for "a comma comes first":
//
//   first(i) = member(i) rest(i+1) | first(i+1)          rest(i) = "," member(i) rest(i+1) | rest(i+1)
//
// (the second branch only if member i is optional). Members that are not declared follow, if the schema asks for them.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/SchemaMembers.h"
#include "runtime/src/constraint/StringContent.h"

namespace lap {

namespace {

constexpr uint32_t MaxSharedName = 60; // letters in which an undeclared name may begin like a declared one

class ObjectTranslator {
public:
  ObjectTranslator(SchemaTranslator &translator, const Conjunction &conjunction)
      : t(translator), grammar(t.grammar), json(t.json), conjunction(conjunction), members(t) {}

  uint32_t translate();

private:
  bool describe(Member &member);
  bool describeAll();
  uint32_t extraPair();
  uint32_t keyExcept(uint32_t first, uint32_t end, uint32_t at);
  uint32_t pairOf(uint32_t key, uint32_t value) {
    bool json = t.notation == LAP_NOTATION_JSON;
    return json ? grammar.all(key, grammar.optional(grammar.text(" ")), value) : grammar.all(key, value);
  }
  uint32_t comma() { return grammar.all(grammar.text(","), t.whiteSpace()); }
  uint32_t extras(bool first, uint32_t pair, uint32_t least, uint32_t most);
  bool checkCounts(uint32_t *least, uint32_t *most);
  uint32_t asRule(uint32_t expr);

  SchemaTranslator &t;
  Grammar &grammar;
  const Json &json;
  const Conjunction &conjunction;
  ObjectMembers members;
  Array<Member> possible{ObjectMembers::Most}; // declared members that have values
};

/// The member's value must satisfy what each schema says about it. False if it cannot be there at all.
bool ObjectTranslator::describe(Member &member) {
  Conjunction value(1u << 16);
  for (const Conjunct &part : conjunction) {
    uint32_t schema = json.find(json.find(part.schema, "properties"), member.name, member.bytes);
    if (schema == NoJson) {
      schema = json.find(part.schema, "additionalProperties");
    }
    if (json.is(schema, JsonType::False)) {
      return false;
    }
    if (schema != NoJson) {
      value.add({schema, 0});
    }
  }
  member.pair = pairOf(t.keyText(member.name, member.bytes), grammar.rule(t.ruleOf(value)));
  return true;
}

/// Fills `possible`. False if a required member cannot be there.
bool ObjectTranslator::describeAll() {
  for (uint32_t i = 0; i < members.declared.size() && !t.failed(); ++i) {
    if (describe(members.declared[i])) {
      possible.add(members.declared[i]);
    } else if (members.declared[i].required) {
      return false;
    }
  }
  return true;
}

/// Keys that are none of members.declared[first .. end), which share their first `at` bytes and are sorted; with the
/// end quote. Plain ASCII only, so that no escape can spell a declared name.
uint32_t ObjectTranslator::keyExcept(uint32_t first, uint32_t end, uint32_t at) {
  SetBuilder others;
  others.add('a', 'z');
  others.add('A', 'Z');
  others.add('0', '9');
  others.addText("_");
  SetBuilder letters;
  letters.ranges.append(others.ranges.begin(), others.ranges.size());
  bool taken = first < end && members.declared[first].bytes == at; // this is a declared name
  Array<uint32_t> choices(256);
  for (uint32_t i = first + taken; i < end;) {
    uint8_t letter = uint8_t(members.declared[i].name[at]);
    uint32_t next = i;
    while (next < end && uint8_t(members.declared[next].name[at]) == letter) {
      ++next;
    }
    bool word = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                (letter >= '0' && letter <= '9') || letter == '_';
    others.remove(letter, letter);
    if (word && at < MaxSharedName) {
      choices.add(grammar.all(grammar.character(letter), keyExcept(i, next, at + 1)));
    }
    i = next;
  }
  uint32_t rest = grammar.repeat(grammar.set(letters), 0, 30);
  choices.add(grammar.all(grammar.set(others), rest));
  if (!taken && at != 0) {
    choices.add(Grammar::EmptyExpr);
  }
  return grammar.choice(choices.begin(), choices.size());
}

uint32_t ObjectTranslator::extraPair() {
  Conjunction value(1u << 16);
  for (const Conjunct &part : conjunction) {
    uint32_t schema = json.find(part.schema, "additionalProperties");
    if (schema != NoJson) {
      value.add({schema, 0});
    }
  }
  uint32_t key = keyExcept(0, members.declared.size(), 0);
  key = t.notation == LAP_NOTATION_JSON ? grammar.all(grammar.text("\""), key, grammar.text("\":"))
                                        : grammar.all(key, grammar.text(":"));
  return pairOf(key, grammar.rule(t.ruleOf(value)));
}

/// least..most pairs, the first without a comma if `first`.
uint32_t ObjectTranslator::extras(bool first, uint32_t pair, uint32_t least, uint32_t most) {
  uint32_t next = grammar.all(comma(), pair);
  if (!first || most == 0) {
    return grammar.repeat(next, least, most);
  }
  uint32_t more = most == Unlimited ? Unlimited : most - 1;
  uint32_t some = grammar.all(pair, grammar.repeat(next, least > 1 ? least - 1 : 0, more));
  return least == 0 ? grammar.optional(some) : some;
}

/// minProperties and maxProperties, as far as they can be kept: *least is 0 or 1, *most counts undeclared members.
bool ObjectTranslator::checkCounts(uint32_t *least, uint32_t *most) {
  uint32_t required = 0, declared = possible.size();
  for (const Member &member : possible) {
    required += member.required;
  }
  *least = t.countOf(conjunction, "minProperties", true, 0);
  *most = t.countOf(conjunction, "maxProperties", false, Unlimited);
  if (t.failed()) {
    return false;
  }
  uint32_t place = t.keyword(conjunction, "minProperties", false);
  if (*least > required && *least > 1) { // equal names count once, so more than one undeclared member proves nothing
    t.refuse(place, "more properties than the %u required ones cannot be guaranteed", required);
    return false;
  }
  *least = *least > required;
  place = t.keyword(conjunction, "maxProperties", false);
  if (*most != Unlimited && *most < declared && (declared != required || *most < required)) {
    t.refuse(place, "fewer properties than the %u declared ones cannot be guaranteed", declared);
    return false;
  }
  *most = *most == Unlimited ? Unlimited : *most - declared;
  return members.open || *least == 0 || declared != 0;
}

/// The same through a rule, so that using it twice does not double it.
uint32_t ObjectTranslator::asRule(uint32_t expr) {
  ExprKind kind = grammar.exprs[expr].kind;
  if (kind == ExprKind::Empty || kind == ExprKind::Never || kind == ExprKind::Rule) {
    return expr;
  }
  uint32_t rule = grammar.addRule(0);
  grammar.define(rule, expr);
  return grammar.rule(rule);
}

uint32_t ObjectTranslator::translate() {
  members.collect(conjunction);
  if (t.notation == LAP_NOTATION_TOOL_CALL) {
    members.sort();
  }
  if (members.declared.failed()) {
    return t.refuse(conjunction[0].schema, "more than %u properties", ObjectMembers::Most);
  }
  uint32_t least = 0, most = Unlimited;
  if (!describeAll() || t.failed() || !checkCounts(&least, &most)) {
    return Grammar::NeverExpr;
  }
  uint32_t first = least ? uint32_t(Grammar::NeverExpr) : uint32_t(Grammar::EmptyExpr), rest = Grammar::EmptyExpr;
  if (members.open) {
    members.sort(); // for keyExcept
    uint32_t pair = asRule(extraPair());
    first = extras(true, pair, least, most);
    rest = extras(false, pair, 0, most);
  }
  for (uint32_t i = possible.size(); i-- > 0;) {
    const Member &member = possible[i];
    uint32_t next = asRule(rest), here = grammar.all(member.pair, next), after = grammar.all(comma(), here);
    first = member.required ? here : grammar.any(here, asRule(first));
    rest = member.required ? after : grammar.any(after, next);
  }
  return grammar.all(grammar.text("{"), t.whiteSpace(), first, t.whiteSpace(), grammar.text("}"));
}

} // namespace

uint32_t SchemaTranslator::objectOf(const Conjunction &conjunction) {
  static const char *const unsupported[] = {"patternProperties", "propertyNames", "dependentRequired",
                                            "dependentSchemas", "dependencies"};
  if (refuseAny(conjunction, unsupported, sizeof(unsupported) / sizeof(unsupported[0]))) {
    return Grammar::NeverExpr;
  }
  return ObjectTranslator(*this, conjunction).translate();
}

} // namespace lap
