//===- GbnfParser.h - the parser's state ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shared by Gbnf.cpp (rules), GbnfExpressions.cpp (choices, groups, repetitions) and GbnfTerminals.cpp (texts, classes,
// control tokens).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_GBNFPARSER_H
#define LAPIDARY_RUNTIME_CONSTRAINT_GBNFPARSER_H

#include "runtime/src/constraint/Gbnf.h"

namespace lap {

class GbnfParser {
public:
  GbnfParser(const char *text, size_t bytes, const lap_tokenizer *tokenizer, Grammar &grammar, lap_error *error)
      : text(text), bytes(bytes), tokenizer(tokenizer), grammar(grammar), error(error) {}

  lap_status parse();

private:
  struct Name {
    const char *text;
    size_t length, place; // place: of the definition, before it of the first use
    bool defined;
    uint32_t nextInBucket; // rule + 1; 0: none
  };

  bool refuse(size_t offset, const char *format, ...) __attribute__((format(printf, 3, 4)));
  bool more() const { return at < bytes; }
  char peek(size_t ahead = 0) const { return at + ahead < bytes ? text[at + ahead] : 0; }
  void skipSpace(bool newlines);
  bool parseRule();
  bool checkNames();
  uint32_t ruleOf(const char *name, size_t length, size_t place);
  bool parseName(size_t *length);
  bool parseChoice(uint32_t *out, bool nested);
  bool parseSequence(uint32_t *out, bool nested);
  bool parseItem(uint32_t *out, bool nested);
  bool parseBareItem(uint32_t *out);
  bool parseGroup(uint32_t *out);
  bool parseRepetition(uint32_t *item, bool nested);
  bool parseCounts(uint32_t *least, uint32_t *most, bool nested);
  bool parseCount(uint32_t *out);
  bool parseText(uint32_t *out);
  bool parseClass(uint32_t *out);
  bool parseCharacter(uint32_t *out);
  bool parseHex(uint32_t digits, uint32_t *out);
  bool parseToken(uint32_t *out);
  bool tokenById(size_t start, uint32_t id, uint32_t *out);

  const char *text;
  size_t bytes, at = 0;
  const lap_tokenizer *tokenizer;
  Grammar &grammar;
  lap_error *error;
  static constexpr uint32_t Buckets = 1u << 12;
  Array<Name> names{1u << 16};      // of rule i
  Array<uint32_t> buckets{Buckets}; // hash table over names: rule + 1 of the first
  uint32_t nesting = 0;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_GBNFPARSER_H
