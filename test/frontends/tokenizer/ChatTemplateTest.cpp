//===- ChatTemplateTest.cpp - from a template to a chat format -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// What is found in Google's templates and in others, where the template is looked for, and what happens to templates
// that strings cannot express. That the prompts are right is held by ChatFormatTest.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/ChatTemplate.h"
#include "frontends/tokenizer/ChatFormatData.h"
#include "test/frontends/tokenizer/TokenizerFiles.h"

#include <gtest/gtest.h>

using namespace lapidary;

namespace {

const std::string folder = LAPIDARY_SOURCE_DIR "/test/data/chat-templates/";

ChatFormatData probe(const std::string &source) {
  std::string error;
  std::optional<ChatFormatData> data = probeChatTemplate(source, "<bos>", error);
  EXPECT_TRUE(data) << error;
  return data.value_or(ChatFormatData());
}

std::string stringOf(const std::vector<char> &block, lap_chat_string which) {
  const lap_chat_format *format = lap_chat_format_open(block.data(), block.size());
  uint32_t bytes = 0;
  const char *text = format ? lap_chat_format_string(format, which, &bytes) : "";
  return std::string(text, bytes);
}

TEST(ChatTemplate, FindsTheOfficialFormatInGooglesTemplates) {
  for (const char *name : {"google-gemma-4-31B-it.jinja", "google-gemma-4-31B-it-interleaved.jinja"}) {
    ChatFormatData found = probe(readTestFile(folder + name)), official = officialChatFormat("<bos>", true);
    EXPECT_EQ(found.flags, official.flags) << name;
    for (int i = 0; i < LAP_CHAT_STRINGS; ++i) {
      EXPECT_EQ(found.strings[i], official.strings[i]) << name << ", string " << i;
    }
  }
}

TEST(ChatTemplate, FindsAFormatWithoutThinking) {
  ChatFormatData found = probe(readTestFile(folder + "edge.jinja"));
  EXPECT_EQ(found.flags, unsigned(LAP_CHAT_TRIM | LAP_CHAT_SYSTEM));
  EXPECT_EQ(found.strings[LAP_CHAT_GENERATION], "<|turn>model\n");
  EXPECT_EQ(found.strings[LAP_CHAT_MODEL_SUFFIX], "<turn|>\n");
  EXPECT_EQ(found.strings[LAP_CHAT_THOUGHT_OPEN], "");
}

TEST(ChatTemplate, FindsASystemTextInsideTheUserTurn) {
  ChatFormatData found =
      probe("{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set first = messages[0]['content'] + '\n\n' %}"
            "{% set rest = messages[1:] %}{% else %}{% set first = '' %}{% set rest = messages %}{% endif %}"
            "{% for m in rest %}{{ '<s>' + ('model' if m['role'] == 'assistant' else m['role']) + '\n' + (first if "
            "loop.first else '') }}"
            "{{ m['content'] }}{{ '<e>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<s>model\n' }}{% endif %}");
  EXPECT_EQ(found.flags, unsigned(LAP_CHAT_SYSTEM));
  EXPECT_EQ(found.strings[LAP_CHAT_SYSTEM_PREFIX], "<s>user\n");
  EXPECT_EQ(found.strings[LAP_CHAT_SYSTEM_SUFFIX], "\n\n");
  EXPECT_EQ(found.strings[LAP_CHAT_USER_AFTER_SYSTEM], "");
}

TEST(ChatTemplate, FindsThatSystemTextsAreRefused) {
  ChatFormatData found = probe("{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}"
                               "{% endif %}[{{ m['role'] }}:{{ m['content'] | trim }}]{% endfor %}"
                               "{% if add_generation_prompt %}[assistant:{% endif %}");
  EXPECT_FALSE(found.flags & LAP_CHAT_SYSTEM);
  EXPECT_EQ(found.strings[LAP_CHAT_BOS], "");
}

TEST(ChatTemplate, RefusesTemplatesThatStringsCannotExpress) {
  const char *const templates[] = {
      "{% for m in messages %}{{ loop.index }}: {{ m['content'] }}\n{% endfor %}", // counts the turns
      "{% for m in messages %}{{ m['content'] | upper }}\n{% endfor %}",           // changes the text
      "{{ messages[0]['content'] }}",                                              // forgets turns
      "{% for m in messages %}[{{ m['content'].replace('a', 'b') }}]{% endfor %}", // changes some texts
      "{% if messages | length > 4 %}long{% endif %}{% for m in messages %}[{{ m['content'] }}]{% endfor %}",
      "{{ unknown_function() }}",
      "{% for m in messages %}",
      "",
  };
  for (const char *source : templates) {
    std::string error;
    EXPECT_FALSE(probeChatTemplate(source, "<bos>", error)) << source;
    EXPECT_FALSE(error.empty()) << source;
  }
}

struct ChatTemplateFile : testing::Test {
  TemporaryDirectory directory;
  Diagnostics diags;
};

TEST_F(ChatTemplateFile, GivesNothingAndNoErrorWithoutATemplate) {
  EXPECT_FALSE(compileChatFormat(directory.path, diags));
  directory.write("tokenizer_config.json", "{}");
  EXPECT_FALSE(compileChatFormat(directory.path, diags));
  EXPECT_TRUE(diags.all().empty());
}

TEST_F(ChatTemplateFile, IsFoundInEveryPlaceItIsKept) {
  nlohmann::json text = readTestFile(folder + "edge.jinja");
  nlohmann::json named = {{{"name", "tool_use"}, {"template", "x"}}, {{"name", "default"}, {"template", text}}};
  const std::pair<const char *, std::string> places[] = {
      {"chat_template.jinja", text.get<std::string>()},
      {"tokenizer_config.json", nlohmann::json{{"chat_template", text}}.dump()},
      {"tokenizer_config.json", nlohmann::json{{"chat_template", named}}.dump()},
      {"chat_template.json", nlohmann::json{{"chat_template", text}}.dump()},
  };
  for (const auto &[name, contents] : places) {
    TemporaryDirectory own;
    own.write(name, contents);
    auto block = compileChatFormat(own.path, diags);
    ASSERT_TRUE(block) << name;
    EXPECT_EQ(stringOf(*block, LAP_CHAT_USER_PREFIX), "<|turn>user\n") << name;
  }
  EXPECT_TRUE(diags.all().empty());
}

TEST_F(ChatTemplateFile, TakesBosFromTheConfiguration) {
  directory.write("chat_template.jinja", readTestFile(folder + "edge.jinja"));
  directory.write("tokenizer_config.json", R"({"bos_token": "<s>"})");
  auto block = compileChatFormat(directory.path, diags);
  ASSERT_TRUE(block);
  EXPECT_EQ(stringOf(*block, LAP_CHAT_BOS), "<s>");
}

TEST_F(ChatTemplateFile, FallsBackToTheOfficialFormatWithAWarning) {
  directory.write("chat_template.jinja", "{{ strftime_now('%Y') }} <|channel>thought");
  auto block = compileChatFormat(directory.path, diags);
  ASSERT_TRUE(block);
  EXPECT_FALSE(diags.hadError());
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_EQ(codeName(diags.all()[0].code), codeName(ErrorCode::ChatTemplateFallback));
  EXPECT_NE(diags.all()[0].message.find("strftime_now"), std::string::npos) << "the reason is in the message";
  EXPECT_EQ(stringOf(*block, LAP_CHAT_GENERATION), "<|turn>model\n<|channel>thought\n<channel|>");
}

TEST_F(ChatTemplateFile, IsRefusedWhenItIsTooLarge) {
  directory.write("chat_template.jinja", std::string((1 << 20) + 1, ' '));
  EXPECT_FALSE(compileChatFormat(directory.path, diags));
  ASSERT_EQ(diags.errorCount(), 1u);
  EXPECT_EQ(codeName(diags.all()[0].code), codeName(ErrorCode::FileTooLarge));
}

} // namespace
