//===- TokenizerFeatures.h - which tokenizer.json features are accepted --===//
// SPDX-License-Identifier: Apache-2.0
//
// The stages around the BPE model (normalizer, pre-tokenizer, decoder, truncation, padding) and the model's switches
// are accepted in one form each. These checks are kept apart from reading the vocabulary so that the accepted set can
// be read in one place.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERFEATURES_H
#define LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERFEATURES_H

#include "support/Diagnostics.h"

#include <nlohmann/json.hpp>

namespace lapidary {

/// Checks everything in tokenizer.json except vocabulary, merges, added tokens and post-processor. Reports every
/// refused feature, not just the first; returns true when there was none.
bool checkTokenizerFeatures(const nlohmann::json &file, const std::string &where, Diagnostics &diags);

/// The field of an object, or a null value when it is absent or the value is not an object.
const nlohmann::json &fieldOf(const nlohmann::json &object, const char *name);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERFEATURES_H
