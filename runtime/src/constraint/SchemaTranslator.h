//===- SchemaTranslator.h - the parts of schema translation ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A value that must satisfy several schemas at once (a reference beside keywords, allOf, one branch of an anyOf) is a
// conjunction: a list of schemas. Every conjunction that occurs becomes one rule; rules are translated from a queue, so
// recursive schemas end and nothing here recurses with them.
//
// Public members are what the files of this class (Schema*.cpp, one per type of value) share.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_SCHEMATRANSLATOR_H
#define LAPIDARY_RUNTIME_CONSTRAINT_SCHEMATRANSLATOR_H

#include "runtime/src/constraint/DigitRanges.h"
#include "runtime/src/constraint/Schema.h"

namespace lap {

/// One schema of a conjunction; `chosen` says which of its anyOf and oneOf are replaced by a branch that is also in
/// the conjunction.
struct Conjunct {
  uint32_t schema, chosen;
};

constexpr uint32_t AnyOfChosen = 1, OneOfChosen = 2;

using Conjunction = Array<Conjunct>;

/// Types of values as bits. A number that is whole is an Integer and a Number.
enum SchemaType : uint32_t {
  NullType = 1,
  BooleanType = 2,
  IntegerType = 4,
  NumberType = 8,
  StringType = 16,
  ArrayType = 32,
  ObjectType = 64,
  AnyType = 127
};

/// What many schemas have in common is one rule, so that its masks are computed once.
enum class SharedKind : uint32_t { Integer, Number, String };

class SchemaTranslator {
public:
  SchemaTranslator(lap_notation notation, const lap_tokenizer *tokenizer, Grammar &grammar, lap_error *error)
      : notation(notation), tokenizer(tokenizer), grammar(grammar), error(error) {}

  lap_status schema(const char *text, size_t bytes);
  lap_status tools(const char *text, size_t bytes);

  /// Reports an error at a value of the schema and makes the translation fail. Returns Grammar::NeverExpr.
  uint32_t refuse(uint32_t value, const char *format, ...) __attribute__((format(printf, 3, 4)));
  bool failed() const { return status != LAP_OK; }

  /// The rule of a conjunction, to be translated if it is new.
  uint32_t ruleOf(const Conjunction &conjunction);
  uint32_t ruleOfAnything();
  uint32_t whiteSpace();
  /// The rule for values of a kind with two parameters; false if it is new and must be defined.
  bool findShared(SharedKind kind, uint32_t a, uint32_t b, uint32_t *out_rule);
  /// `content` between the marks of a string.
  uint32_t quoted(uint32_t content);

  /// The keyword in any of the schemas; NoJson if there is none. Refuses if two schemas have different ones and `once`.
  uint32_t keyword(const Conjunction &conjunction, const char *name, bool once = true);
  /// The most of `least...` or the least of `most...` counts; `fallback` if there is none.
  uint32_t countOf(const Conjunction &conjunction, const char *name, bool largest, uint32_t fallback);

  /// Refuses the first of these keywords that is there; whether one was.
  bool refuseAny(const Conjunction &conjunction, const char *const *names, uint32_t count);

  uint32_t stringOf(const Conjunction &conjunction);
  uint32_t numberOf(const Conjunction &conjunction, bool whole);
  uint32_t arrayOf(const Conjunction &conjunction);
  uint32_t objectOf(const Conjunction &conjunction);
  /// A fixed value, compact.
  uint32_t literal(uint32_t value);
  uint32_t keyText(const char *name, size_t bytes);

  lap_notation notation;
  const lap_tokenizer *tokenizer;
  Grammar &grammar;
  Json json;

private:
  static constexpr uint32_t Buckets = 1u << 12, MaxConjuncts = 200;

  struct Shared {
    SharedKind kind;
    uint32_t a, b, rule;
  };
  struct Known {
    uint32_t first, count; // of `parts`
    uint32_t rule;
    uint32_t nextInBucket; // index + 1; 0: none
  };

  void translateQueue();
  bool flatten(Conjunction &conjunction);
  bool saysSomething(uint32_t schema, uint32_t chosen) const;
  void addOnce(Conjunction &conjunction, uint32_t schema);
  bool addReference(Conjunction &conjunction, uint32_t reference);
  uint32_t translate(Conjunction &conjunction);
  uint32_t branches(const Conjunction &conjunction, uint32_t at, uint32_t list, uint32_t mark);
  bool checkKeywords(uint32_t schema);
  bool checkExclusive(uint32_t list);
  bool exclude(uint32_t a, uint32_t b, uint32_t level);
  bool excludeByMember(uint32_t owner, uint32_t a, uint32_t b, uint32_t level);
  uint32_t impliedTypes(uint32_t schema);
  uint32_t typesOf(uint32_t schema);
  uint32_t typesOf(const Conjunction &conjunction);
  uint32_t typeBit(uint32_t value);
  uint32_t fixedValues(const Conjunction &conjunction);
  bool satisfies(uint32_t value, const Conjunction &conjunction);
  uint32_t valuesOfTypes(const Conjunction &conjunction, uint32_t types);
  uint32_t deref(uint32_t schema) const;
  bool addBound(uint32_t value, bool low, bool with, NumberLimits *limits);
  bool readLimits(const Conjunction &conjunction, NumberLimits *limits, bool *whole);
  bool parseToolCall(uint32_t tool, Array<uint32_t> &calls);
  uint32_t specialToken(const char *text);

  lap_error *error;
  lap_status status = LAP_OK;
  Conjunction parts{1u << 20};
  Array<Known> known{1u << 16};
  Array<Shared> shared{1u << 10};
  Array<uint32_t> buckets{Buckets}; // hash table over known: index + 1 of the first
  uint32_t anything = UINT32_MAX, space = UINT32_MAX;
  uint32_t quote = UINT32_MAX;
  uint64_t comparisons = 0; // of exclusive branches
};

/// The type of a fixed value, one bit.
uint32_t typeOfValue(const Json &json, uint32_t value);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_SCHEMATRANSLATOR_H
