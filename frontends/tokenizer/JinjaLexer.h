//===- JinjaLexer.h - template text to tokens ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Also does Jinja's white space control, with trim_blocks and lstrip_blocks on: that is how transformers renders chat
// templates, and whether a newline survives decides between two different prompts.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_JINJALEXER_H
#define LAPIDARY_FRONTENDS_TOKENIZER_JINJALEXER_H

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace lapidary::jinja {

struct Token {
  enum class Kind { Text, BeginOutput, EndOutput, BeginBlock, EndBlock, Name, String, Integer, Float, Operator, End };
  Kind kind;
  std::string text; ///< the text, name, decoded string, digits or operator
  size_t at;        ///< byte of the source
};

/// What is wrong with a template and where.
struct TemplateError {
  size_t at = 0; ///< byte of the source
  std::string message, help;
};

/// The tokens of a source with "\n" line ends only, closed by an End token. On failure fills `error`.
std::optional<std::vector<Token>> tokenize(const std::string &source, TemplateError &error);

} // namespace lapidary::jinja

#endif // LAPIDARY_FRONTENDS_TOKENIZER_JINJALEXER_H
