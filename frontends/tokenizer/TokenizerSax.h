//===- TokenizerSax.h - tokenizer.json without building its giant lists --===//
// SPDX-License-Identifier: Apache-2.0
//
// A Gemma tokenizer.json holds 262,144 vocabulary entries and half a million merges. As JSON objects they would take
// hundreds of megabytes and duplicate keys would silently vanish, so `model.vocab` and `model.merges` stream into
// plain vectors; everything else (about 1 MB) becomes an ordinary JSON value.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERSAX_H
#define LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERSAX_H

#include "support/Diagnostics.h"

#include <nlohmann/json.hpp>
#include <optional>

namespace lapidary {

/// tokenizer.json as it is spelled, nothing checked but its JSON shape.
struct RawTokenizer {
  nlohmann::json rest; ///< an object; model.vocab and model.merges are null in it when they were present
  bool hasVocabulary = false, hasMerges = false;
  std::vector<std::pair<std::string, uint64_t>> vocabulary; ///< in file order, duplicates kept
  std::vector<std::pair<std::string, std::string>> merges;  ///< both spellings, ["a","b"] and "a b"
};

/// Parses the text; reports TokenizerSyntax (not JSON, nested too deeply), TokenizerInvalid (duplicate field),
/// TokenizerBadMerge and TokenizerTooLarge. `where` names the file in messages.
std::optional<RawTokenizer> readRawTokenizer(const std::string &text, const std::string &where, Diagnostics &diags);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERSAX_H
