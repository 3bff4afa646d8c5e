//===- ChatTemplate.h - a checkpoint's chat template as program data -----===//
// SPDX-License-Identifier: Apache-2.0
//
// The second entry point of this folder for the compiler driver: directory in, bytes of lap_program.chat_format out
// (runtime/src/chat/TemplateProgram.h).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_CHATTEMPLATE_H
#define LAPIDARY_FRONTENDS_TOKENIZER_CHATTEMPLATE_H

#include "support/Diagnostics.h"

#include <optional>
#include <vector>

namespace lapidary {

/// The chat template of a checkpoint directory, compiled: a block to be placed at an 8-byte boundary. The template is
/// chat_template.jinja, else chat_template in tokenizer_config.json or chat_template.json. Without one the block holds
/// Gemma 4's official format and says so (LAP_TEMPLATE_ASSUMED). One that uses what is not supported, or that fails on
/// a simple conversation, is a warning with the place (ChatTemplateFallback) and gives the official format. Nothing:
/// files that cannot be read (errors), or a directory without a tokenizer.
std::optional<std::vector<char>> compileChatFormat(const std::string &directory, Diagnostics &diags);

/// Whether the block is a template that came with the checkpoint, so that people expect chats from it.
bool isChatModel(const std::vector<char> &chatFormat);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_TOKENIZER_CHATTEMPLATE_H
