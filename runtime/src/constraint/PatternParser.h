//===- PatternParser.h - parser of regular expressions --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What Pattern.cpp and PatternClasses.cpp share. Every parse.. returns false after an error, which it has described.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_PATTERNPARSER_H
#define LAPIDARY_RUNTIME_CONSTRAINT_PATTERNPARSER_H

#include "runtime/src/constraint/Pattern.h"

#include <stdio.h>
#include <string.h>

namespace lap {

/// Parses one text, once.
class PatternParser {
public:
  PatternParser(Grammar &grammar, const char *text, size_t bytes, lap_notation notation, char *problem, size_t capacity)
      : grammar(grammar), text(text), bytes(bytes), notation(notation), problem(problem), capacity(capacity) {}

  bool parse(Pattern *out);

private:
  bool refuse(const char *what) {
    snprintf(problem, capacity, "%s, at character %zu", what, at + 1);
    return false;
  }
  bool more() const { return at < bytes; }
  char peek(size_t ahead = 0) const { return at + ahead < bytes ? text[at + ahead] : 0; }
  bool take(char c) {
    bool same = more() && peek() == c;
    at += same;
    return same;
  }
  bool parseWhole(Pattern *out);
  bool parseChoice(Pattern *out);
  bool parseSequence(Pattern *out);
  bool parseAtom(Pattern *out);
  bool parseTimes(Pattern *atom);
  bool parseNumber(uint32_t *out);
  bool parseClass(SetBuilder &set);
  bool parseClassPart(SetBuilder &set, bool *asciiOnly);
  bool parseCharacter(uint32_t *out);
  bool shorthand(char letter, SetBuilder &set, bool *negated);
  void append(Pattern *to, const Pattern &part);
  void alternative(Pattern *to, const Pattern &part, bool first);

  Grammar &grammar;
  const char *text;
  size_t bytes, at = 0;
  lap_notation notation;
  char *problem;
  size_t capacity;
  uint32_t nesting = 0;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_PATTERNPARSER_H
