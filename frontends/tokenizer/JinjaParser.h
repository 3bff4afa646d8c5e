//===- JinjaParser.h - a template's text to a template program -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Chat templates are programs in Jinja. The part of the language that they use is compiled here, once; what it means
// stands in runtime/src/chat/Interpreter.h. Everything outside that part is an error with a place, never a guess.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_JINJAPARSER_H
#define LAPIDARY_FRONTENDS_TOKENIZER_JINJAPARSER_H

#include "frontends/tokenizer/JinjaLexer.h"

#include <map>

namespace lapidary::jinja {

/// Compiles a template into the block of lap_program.chat_format. `constants` are variables it will always find, such
/// as bos_token; `flags`: LAP_TEMPLATE_ASSUMED or 0. On failure fills `error`.
std::optional<std::vector<char>> compileTemplate(const std::string &source,
                                                 const std::map<std::string, std::string> &constants, uint32_t flags,
                                                 TemplateError &error);

/// The source with every line end as "\n", which is what positions in a TemplateError count.
std::string normalizeLineEnds(const std::string &source);

} // namespace lapidary::jinja

#endif // LAPIDARY_FRONTENDS_TOKENIZER_JINJAPARSER_H
