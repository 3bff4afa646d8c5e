//===- ChatTemplate.h - a checkpoint's chat template as program data -----===//
// SPDX-License-Identifier: Apache-2.0
//
// The second entry point of this folder for the compiler driver: directory in, bytes of lap_program.chat_format out.
// The template language stays in the compiler; the program gets strings.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_CHATTEMPLATE_H
#define LAPIDARY_FRONTENDS_TOKENIZER_CHATTEMPLATE_H

#include "support/Diagnostics.h"

#include <optional>
#include <vector>

namespace lapidary {

/// The chat format of a checkpoint directory, as a block to be placed at an 8-byte boundary. The template is
/// chat_template.jinja, else chat_template in tokenizer_config.json or chat_template.json. Nothing without an error
/// means that there is no template: not an instruction model. A template that cannot be expressed is a warning
/// (ChatTemplateFallback) and gives Gemma 4's official turn format. Errors: files that cannot be read.
std::optional<std::vector<char>> compileChatFormat(const std::string &directory, Diagnostics &diags);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_TOKENIZER_CHATTEMPLATE_H
