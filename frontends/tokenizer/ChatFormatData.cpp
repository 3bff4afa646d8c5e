//===- ChatFormatData.cpp - a chat format as program data ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The official format is the one of Google's templates; see the model card's prompt formatting page.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/ChatFormatData.h"

#include <cstring>

using namespace lapidary;

std::vector<char> lapidary::writeChatFormat(const ChatFormatData &data) {
  lap_chat_format header = {};
  std::memcpy(header.magic, LAP_CHAT_MAGIC, sizeof header.magic);
  header.version = LAP_CHAT_VERSION;
  header.flags = data.flags;
  std::vector<char> block(sizeof header);
  for (int i = 0; i < LAP_CHAT_STRINGS; ++i) {
    header.offset[i] = static_cast<uint32_t>(block.size()); // templates are at most 1 MiB, so are their strings
    block.insert(block.end(), data.strings[i].begin(), data.strings[i].end());
  }
  header.offset[LAP_CHAT_STRINGS] = static_cast<uint32_t>(block.size());
  block.resize((block.size() + LAP_CHAT_ALIGN - 1) / LAP_CHAT_ALIGN * LAP_CHAT_ALIGN);
  header.total_bytes = static_cast<uint32_t>(block.size());
  std::memcpy(block.data(), &header, sizeof header);
  return block;
}

ChatFormatData lapidary::officialChatFormat(const std::string &bos, bool emptyThought) {
  ChatFormatData data;
  data.flags = LAP_CHAT_TRIM | LAP_CHAT_THINKING | LAP_CHAT_SYSTEM | LAP_CHAT_STRIP_THOUGHTS;
  auto &s = data.strings;
  s[LAP_CHAT_BOS] = bos;
  s[LAP_CHAT_SYSTEM_PREFIX] = "<|turn>system\n";
  s[LAP_CHAT_SYSTEM_PREFIX_THINKING] = "<|turn>system\n<|think|>\n";
  s[LAP_CHAT_THINKING_PRELUDE] = "<|turn>system\n<|think|>\n<turn|>\n";
  s[LAP_CHAT_USER_PREFIX] = s[LAP_CHAT_USER_AFTER_SYSTEM] = "<|turn>user\n";
  s[LAP_CHAT_MODEL_PREFIX] = s[LAP_CHAT_GENERATION_THINKING] = "<|turn>model\n";
  s[LAP_CHAT_SYSTEM_SUFFIX] = s[LAP_CHAT_USER_SUFFIX] = s[LAP_CHAT_MODEL_SUFFIX] = "<turn|>\n";
  s[LAP_CHAT_THOUGHT_OPEN] = "<|channel>";
  s[LAP_CHAT_THOUGHT_CLOSE] = "<channel|>";
  s[LAP_CHAT_GENERATION] = std::string("<|turn>model\n") + (emptyThought ? "<|channel>thought\n<channel|>" : "");
  return data;
}
