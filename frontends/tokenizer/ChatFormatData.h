//===- ChatFormatData.h - a chat format while it is being found out ------===//
// SPDX-License-Identifier: Apache-2.0
//
// The strings of runtime/src/chat/ChatFormat.h before they become a block.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_CHATFORMATDATA_H
#define LAPIDARY_FRONTENDS_TOKENIZER_CHATFORMATDATA_H

#include "runtime/src/chat/ChatFormat.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace lapidary {

struct ChatFormatData {
  uint32_t flags = 0;
  std::array<std::string, LAP_CHAT_STRINGS> strings;
};

/// The block for lap_program.chat_format, to be placed at an 8-byte boundary.
std::vector<char> writeChatFormat(const ChatFormatData &data);

/// Gemma 4's official turn format. emptyThought: the generation prompt without thinking closes an empty thought, as
/// the larger models' template does.
ChatFormatData officialChatFormat(const std::string &bos, bool emptyThought);

/// What a chat template puts around the turns, found by rendering it on probe conversations; the result reproduces the
/// template on a set of check conversations, with and without thinking. On failure fills `error` with the reason.
std::optional<ChatFormatData> probeChatTemplate(const std::string &source, const std::string &bos, std::string &error);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_TOKENIZER_CHATFORMATDATA_H
