//===- Schema.h - JSON schemas to grammars --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// docs/structured-output.md says which keywords are understood. The grammar describes a subset of the texts that the
// schema allows (members in their declared order, numbers of limited length): every text it can write is valid. What
// cannot be guaranteed is refused with the JSON pointer of the keyword; only annotations are passed over.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_SCHEMA_H
#define LAPIDARY_RUNTIME_CONSTRAINT_SCHEMA_H

#include "runtime/src/constraint/Grammar.h"
#include "runtime/src/constraint/Json.h"
#include "runtime/src/tokenizer/TokenizerTables.h"

namespace lap {

/// Fills `grammar` from a schema. Errors: LAP_INVALID_ARGUMENT, LAP_UNAVAILABLE (a control token of the notation is
/// missing), LAP_OUT_OF_MEMORY.
lap_status translateSchema(const char *text, size_t bytes, lap_notation notation, const lap_tokenizer *tokenizer,
                           Grammar &grammar, lap_error *error);

/// Fills `grammar` from an OpenAI-style array of tools: one call, as lap_constraint_create_tool_call describes it.
lap_status translateTools(const char *text, size_t bytes, const lap_tokenizer *tokenizer, Grammar &grammar,
                          lap_error *error);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_SCHEMA_H
