//===- Pattern.h - regular expressions of schemas -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The part of ECMA-262 regular expressions that describes a regular language and means the same to every validator:
// characters, escapes, classes, groups, alternatives, repetitions, and ^ and $ at the ends of the pattern or of its
// alternatives. \d \w \s are ASCII, and what they leave out is taken from ASCII only. Not anchored means that any text
// may stand before or behind.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_PATTERN_H
#define LAPIDARY_RUNTIME_CONSTRAINT_PATTERN_H

#include "runtime/src/constraint/StringContent.h"

namespace lap {

/// A pattern as content of a string, and how many characters its texts have.
struct Pattern {
  uint32_t expr = Grammar::NeverExpr;
  uint32_t least = 0, most = 0; // most: Unlimited if there is no bound
  /// The pattern is ^[class]{least,most}$ : `one` is the class.
  uint32_t one = Grammar::NeverExpr;
};

/// False if the pattern is not understood: `problem` says why and where (from 1).
bool parsePattern(Grammar &grammar, const char *text, size_t bytes, lap_notation notation, Pattern *out, char *problem,
                  size_t capacity);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_PATTERN_H
