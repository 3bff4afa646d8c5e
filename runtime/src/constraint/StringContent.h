//===- StringContent.h - how the characters of a string are written -------===//
// SPDX-License-Identifier: Apache-2.0
//
// Schemas speak about the value of a string; what a model writes is its notation: escapes in JSON, the characters as
// they are between <|"|> tokens in a tool call.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_STRINGCONTENT_H
#define LAPIDARY_RUNTIME_CONSTRAINT_STRINGCONTENT_H

#include "lapidary/lapidary.h"
#include "runtime/src/constraint/Grammar.h"

namespace lap {

/// One character of the set, as it is written inside a string: plain, or the shortest escape.
uint32_t contentOfSet(Grammar &grammar, SetBuilder &set, lap_notation notation);

/// One character, whichever, in every form it may have (\n, \u000a; a surrogate pair is one).
uint32_t contentOfAny(Grammar &grammar, lap_notation notation);

/// A given value in its one usual form.
uint32_t contentOfText(Grammar &grammar, const char *utf8, size_t bytes, lap_notation notation);

/// A whole string in JSON, quotes included.
uint32_t quotedText(Grammar &grammar, const char *utf8, size_t bytes);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_STRINGCONTENT_H
