//===- ChatFormatTest.cpp - turns to prompt text -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The prompts of test/data/chat-templates/prompts.json were recorded with Jinja (make_prompts.py); here the templates
// are compiled and the runtime must write the same text.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/ChatFormatData.h"

#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace lapidary;

namespace {

const std::string folder = LAPIDARY_SOURCE_DIR "/test/data/chat-templates/";

struct Turn {
  lap_chat_role role;
  std::string text;
};

struct Format {
  explicit Format(const ChatFormatData &data)
      : block(writeChatFormat(data)), format(lap_chat_format_open(block.data(), block.size())) {}

  /// The prompt, or "status N".
  std::string prompt(const std::vector<Turn> &turns, uint32_t options) const {
    std::vector<lap_chat_turn> list;
    for (const Turn &turn : turns) {
      list.push_back({turn.role, turn.text.data(), turn.text.size()});
    }
    uint64_t size = 0, again = 0;
    lap_chat_status status = lap_chat_prompt(format, list.data(), list.size(), options, nullptr, 0, &size);
    if (status != LAP_CHAT_OK) {
      return "status " + std::to_string(status);
    }
    std::string text(size, '\0');
    lap_chat_prompt(format, list.data(), list.size(), options, text.data(), size, &again);
    EXPECT_EQ(size, again);
    return text;
  }
  std::vector<char> block;
  const lap_chat_format *format;
};

std::string readFile(const std::string &path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

const Turn system1 = {LAP_CHAT_ROLE_SYSTEM, " S "}, user = {LAP_CHAT_ROLE_USER, " U\n"},
           model = {LAP_CHAT_ROLE_MODEL, "M"};

TEST(ChatFormat, WritesWhatTheTemplatesWrite) {
  nlohmann::json cases = nlohmann::json::parse(std::ifstream(folder + "prompts.json"));
  size_t compared = 0;
  for (const auto &entry : cases) {
    std::string name = entry["template"], error;
    std::optional<ChatFormatData> data = probeChatTemplate(readFile(folder + name), "<bos>", error);
    ASSERT_TRUE(data) << name << ": " << error;
    std::vector<Turn> turns;
    for (const auto &turn : entry["turns"]) {
      lap_chat_role role = turn[0] == "system" ? LAP_CHAT_ROLE_SYSTEM
                           : turn[0] == "user" ? LAP_CHAT_ROLE_USER
                                               : LAP_CHAT_ROLE_MODEL;
      turns.push_back({role, turn[1]});
    }
    uint32_t options =
        (entry["generation"] == true ? LAP_CHAT_ADD_GENERATION : 0) | (entry["think"] == true ? LAP_CHAT_THINK : 0);
    EXPECT_EQ(Format(*data).prompt(turns, options), entry["prompt"].get<std::string>()) << name;
    ++compared;
  }
  EXPECT_GE(compared, 60u);
}

TEST(ChatFormat, ContinuesAConversationAsIfItHadBeenWrittenAtOnce) {
  Format format(officialChatFormat("<bos>", true));
  std::string first = format.prompt({user}, LAP_CHAT_ADD_GENERATION);
  std::string next = format.prompt({user}, LAP_CHAT_CONTINUE | LAP_CHAT_ADD_GENERATION);
  EXPECT_EQ(first, "<bos><|turn>user\nU<turn|>\n<|turn>model\n<|channel>thought\n<channel|>");
  EXPECT_EQ(next, "<turn|>\n<|turn>user\nU<turn|>\n<|turn>model\n<|channel>thought\n<channel|>");
}

TEST(ChatFormat, RefusesTurnsOutOfOrder) {
  Format format(officialChatFormat("<bos>", false));
  const std::string bad = "status " + std::to_string(LAP_CHAT_BAD_ORDER);
  EXPECT_EQ(format.prompt({user, user}, 0), bad);
  EXPECT_EQ(format.prompt({model}, 0), bad);
  EXPECT_EQ(format.prompt({user, system1}, 0), bad);
  EXPECT_EQ(format.prompt({system1, model}, 0), bad);
  EXPECT_EQ(format.prompt({system1, user}, LAP_CHAT_CONTINUE), bad);
  EXPECT_EQ(format.prompt({user, model}, LAP_CHAT_ADD_GENERATION), bad);
  EXPECT_EQ(format.prompt({}, LAP_CHAT_ADD_GENERATION), bad);
}

TEST(ChatFormat, RefusesASystemTextWhenThereIsNoPlaceForOne) {
  ChatFormatData data = officialChatFormat("<bos>", false);
  data.flags &= ~uint32_t(LAP_CHAT_SYSTEM);
  EXPECT_EQ(Format(data).prompt({system1, user}, 0), "status " + std::to_string(LAP_CHAT_NO_SYSTEM));
}

TEST(ChatFormat, WritesOnlyWhatFits) {
  Format format(officialChatFormat("<bos>", false));
  std::string whole = format.prompt({user}, LAP_CHAT_ADD_GENERATION);
  lap_chat_turn turn = {user.role, user.text.data(), user.text.size()};
  for (size_t capacity = 0; capacity <= whole.size(); ++capacity) {
    std::string out(whole.size(), '#');
    uint64_t size = 0;
    EXPECT_EQ(lap_chat_prompt(format.format, &turn, 1, LAP_CHAT_ADD_GENERATION, out.data(), capacity, &size),
              LAP_CHAT_OK);
    EXPECT_EQ(size, whole.size());
    EXPECT_EQ(out, whole.substr(0, capacity) + std::string(whole.size() - capacity, '#'));
  }
}

TEST(ChatFormat, TrimsTheWhiteSpaceThatPythonTrims) {
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},
      {" \t\n\v\f\r\x1C\x1D\x1E\x1F", ""},
      {"\xC2\x85"
       "a\xC2\xA0",
       "a"},
      {"\xE1\x9A\x80\xE2\x80\x80\xE2\x80\x8A"
       "a b\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAF\xE2\x81\x9F\xE3\x80\x80",
       "a b"},
      {"\xE2\x80\x8B"
       "a",
       "\xE2\x80\x8B"
       "a"},            // U+200B is not white space
      {"\xC2", "\xC2"}, // cut-off characters stay
      {" \x80\x80\x80\x80\x80 ", "\x80\x80\x80\x80\x80"},
  };
  for (const auto &[text, expected] : cases) {
    size_t begin, end;
    lap_chat_trim(text.data(), text.size(), &begin, &end);
    EXPECT_EQ(text.substr(begin, end - begin), expected);
  }
}

TEST(ChatFormat, RefusesADamagedBlock) {
  Format format(officialChatFormat("<bos>", false));
  ASSERT_NE(format.format, nullptr);
  EXPECT_EQ(lap_chat_format_open(format.block.data(), format.block.size() - 1), nullptr);
  EXPECT_EQ(lap_chat_format_open(format.block.data(), 8), nullptr);
  auto *header = reinterpret_cast<lap_chat_format *>(format.block.data());
  for (uint32_t *field :
       {&header->version, &header->total_bytes, &header->offset[3], &header->offset[LAP_CHAT_STRINGS]}) {
    uint32_t good = *field;
    *field = 0x7FFFFFFF;
    EXPECT_EQ(lap_chat_format_open(format.block.data(), format.block.size()), nullptr);
    *field = good;
  }
  EXPECT_NE(lap_chat_format_open(format.block.data(), format.block.size()), nullptr);
}

} // namespace
