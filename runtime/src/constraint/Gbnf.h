//===- Gbnf.h - grammars in llama.cpp's notation --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// GBNF as llama.cpp documents it (grammars/README.md): rules `name ::= alternatives`, "text" and [character classes]
// with escapes, `.`, (groups), the repetitions * + ? {m} {m,} {m,n}, # comments. The text is what `root` describes.
// Tokens are written as their text (<|tool_call>, <bos>) or number (<[48]>); `!` before a token is refused.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_GBNF_H
#define LAPIDARY_RUNTIME_CONSTRAINT_GBNF_H

#include "lapidary/lapidary.h"
#include "runtime/src/constraint/Grammar.h"
#include "runtime/src/tokenizer/TokenizerTables.h"

namespace lap {

/// Fills `grammar` (rule 0 is root; a rule's origin is the offset of its definition). tokenizer may be null: then there
/// are no control tokens. Errors: LAP_INVALID_ARGUMENT "grammar:LINE:COLUMN: ...", LAP_OUT_OF_MEMORY.
lap_status parseGbnf(const char *text, size_t bytes, const lap_tokenizer *tokenizer, Grammar &grammar,
                     lap_error *error);

/// The name of the rule defined at `origin`, into `name` (cut to fit).
void gbnfRuleName(const char *text, size_t bytes, size_t origin, char *name, size_t capacity);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_GBNF_H
