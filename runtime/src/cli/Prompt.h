//===- Prompt.h - from what the user typed to token ids -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Special tokens written out in a text become their ids; a base model's text stands behind its beginning-of-sequence
// token.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_PROMPT_H
#define LAPIDARY_RUNTIME_CLI_PROMPT_H

#include "runtime/src/cli/Input.h"

namespace lap {

/// Ids of a text; flags as in lap_model_tokenize. out->ids is the caller's to free.
ExitCode tokenize(const lap_model &model, const TextInput &text, uint32_t flags, IdList *out);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_PROMPT_H
