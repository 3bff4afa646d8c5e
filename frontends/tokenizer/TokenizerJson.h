//===- TokenizerJson.h - read tokenizer.json -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// tokenizer.json is the authoritative description of a checkpoint's tokenizer. The reader accepts exactly the features
// Gemma's tokenizers use and refuses every other by name: a feature that was ignored would tokenize differently from
// the model's training without anyone noticing.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERJSON_H
#define LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERJSON_H

#include "frontends/tokenizer/TokenizerModel.h"
#include "support/Diagnostics.h"

namespace lapidary {

/// The tokenizer described by the text of a tokenizer.json; `where` names the file in messages. bos stays unset (it
/// is not in this file). Errors: 271..273 and 275..287 of ErrorCodes.def.
std::optional<TokenizerModel> readTokenizerJson(const std::string &text, const std::string &where, Diagnostics &diags);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERJSON_H
