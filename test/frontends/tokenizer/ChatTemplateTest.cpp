//===- ChatTemplateTest.cpp - a checkpoint's chat template ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Where the template is looked for, what its program knows about itself, and what happens to one that cannot be
// compiled. What it writes is held by RenderTest.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/ChatTemplate.h"
#include "test/frontends/tokenizer/TokenizerFiles.h"
#include "test/runtime/chat/CompiledTemplate.h"

#include <gtest/gtest.h>

using namespace lapidary;

namespace {

const std::string folder = LAPIDARY_SOURCE_DIR "/test/data/chat-templates/";
const char *const oneTurn = R"([{"role": "user", "content": " Hi "}])";

uint32_t flagsOf(const std::vector<char> &block) {
  const lap_template *program = lap_template_open(block.data(), block.size());
  return program ? program->flags : ~0u;
}

struct ChatTemplateFile : testing::Test {
  TemporaryDirectory directory;
  Diagnostics diags;
};

TEST_F(ChatTemplateFile, KnowsWhatTheTemplateReads) {
  directory.write("chat_template.jinja", readTestFile(folder + "google-gemma-4-31B-it.jinja"));
  auto google = compileChatFormat(directory.path, diags);
  directory.write("chat_template.jinja", readTestFile(folder + "edge.jinja"));
  auto edge = compileChatFormat(directory.path, diags);
  ASSERT_TRUE(google && edge);
  EXPECT_EQ(flagsOf(*google), unsigned(LAP_TEMPLATE_KNOWS_THINKING | LAP_TEMPLATE_KNOWS_TOOLS));
  EXPECT_EQ(flagsOf(*edge), 0u);
  EXPECT_TRUE(isChatModel(*google));
}

TEST_F(ChatTemplateFile, AssumesTheOfficialFormatWithoutATemplate) {
  directory.write("tokenizer.json", "{}");
  auto block = compileChatFormat(directory.path, diags);
  ASSERT_TRUE(block);
  EXPECT_TRUE(flagsOf(*block) & LAP_TEMPLATE_ASSUMED);
  EXPECT_FALSE(isChatModel(*block));
  EXPECT_EQ(renderBlock(*block, oneTurn), "<bos><|turn>user\nHi<turn|>\n<|turn>model\n<|channel>thought\n<channel|>");
  EXPECT_TRUE(diags.all().empty());
}

TEST_F(ChatTemplateFile, GivesNothingAndNoErrorWithoutATokenizer) {
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
    EXPECT_EQ(renderBlock(*block, oneTurn), "<bos><|turn>user\nHi<turn|>\n<|turn>model\n") << name;
  }
  EXPECT_TRUE(diags.all().empty());
}

TEST_F(ChatTemplateFile, TakesSpecialTokensFromTheConfiguration) {
  directory.write("chat_template.jinja", "{{ bos_token }}{{ eos_token }}{{ mask_token is defined }}");
  directory.write("tokenizer_config.json", R"({"bos_token": "<s>", "eos_token": {"content": "</s>"}})");
  auto block = compileChatFormat(directory.path, diags);
  ASSERT_TRUE(block);
  EXPECT_EQ(renderBlock(*block, oneTurn), "<s></s>False");
}

TEST_F(ChatTemplateFile, FallsBackToTheOfficialFormatWithAPlace) {
  directory.write("chat_template.jinja", "<|channel>thought\r\n\t\xC3\xA9 {{ messages | frobnicate }} x\n");
  auto block = compileChatFormat(directory.path, diags);
  ASSERT_TRUE(block);
  EXPECT_FALSE(diags.hadError());
  ASSERT_EQ(diags.all().size(), 1u);
  const Diagnostic &warning = diags.all()[0];
  EXPECT_EQ(codeName(warning.code), codeName(ErrorCode::ChatTemplateFallback));
  EXPECT_NE(warning.message.find("the filter 'frobnicate' is not known"), std::string::npos) << warning.message;
  EXPECT_EQ(warning.where, directory.path +
                               "/chat_template.jinja:2:19\n      \t\xC3\xA9 {{ messages | frobnicate }} x\n"
                               "      \t                ^");
  EXPECT_TRUE(isChatModel(*block));
  EXPECT_EQ(renderBlock(*block, oneTurn), "<bos><|turn>user\nHi<turn|>\n<|turn>model\n<|channel>thought\n<channel|>");
}

TEST_F(ChatTemplateFile, FallsBackWhenOneTurnIsRefused) {
  directory.write("chat_template.jinja", "\n{{ messages[7].content }}");
  auto block = compileChatFormat(directory.path, diags);
  ASSERT_TRUE(block);
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_NE(diags.all()[0].message.find("line 2"), std::string::npos) << diags.all()[0].message;
  EXPECT_EQ(renderBlock(*block, oneTurn), "<bos><|turn>user\nHi<turn|>\n<|turn>model\n");
}

TEST_F(ChatTemplateFile, IsRefusedWhenItIsTooLarge) {
  directory.write("chat_template.jinja", std::string((1 << 20) + 1, ' '));
  EXPECT_FALSE(compileChatFormat(directory.path, diags));
  ASSERT_EQ(diags.errorCount(), 1u);
  EXPECT_EQ(codeName(diags.all()[0].code), codeName(ErrorCode::FileTooLarge));
}

} // namespace
