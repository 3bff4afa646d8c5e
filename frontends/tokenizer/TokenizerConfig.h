//===- TokenizerConfig.h - read tokenizer_config.json --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two things are taken from this file: the names of bos and eos, and (in older checkpoints) the chat template.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERCONFIG_H
#define LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERCONFIG_H

#include "support/Diagnostics.h"

#include <nlohmann/json.hpp>
#include <optional>

namespace lapidary {

/// tokenizer_config.json of the directory as a JSON object, an empty object when there is no such file. Reports
/// TokenizerSyntax and what readWholeFile reports.
std::optional<nlohmann::json> readTokenizerConfig(const std::string &directory, Diagnostics &diags);

/// The JSON object in a small file that exists. Reports TokenizerSyntax and what readWholeFile reports.
std::optional<nlohmann::json> readJsonObject(const std::string &path, Diagnostics &diags);

/// A token as these files spell it, "<bos>" or {"content": "<bos>", ..}; empty when it is neither.
std::string tokenText(const nlohmann::json &value);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERCONFIG_H
