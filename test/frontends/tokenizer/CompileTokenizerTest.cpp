//===- CompileTokenizerTest.cpp - from a checkpoint directory to tables --===//
// SPDX-License-Identifier: Apache-2.0
//
// Which file counts, where bos comes from, and that a missing tokenizer is not an error.
//===----------------------------------------------------------------------===//
#include "test/frontends/tokenizer/TokenizerFiles.h"
#include "test/runtime/tokenizer/CompiledTokenizer.h"

#include <gtest/gtest.h>

using namespace lapidary;

namespace {

struct CompileTokenizer : testing::Test {
  TemporaryDirectory directory;
  Diagnostics diags;
};

TEST_F(CompileTokenizer, GivesNothingAndNoErrorWithoutATokenizer) {
  EXPECT_FALSE(compileTokenizer(directory.path, diags));
  EXPECT_FALSE(diags.hadError());
}

TEST_F(CompileTokenizer, ReadsTokenizerJson) {
  directory.write("tokenizer.json", minimalTokenizer().dump());
  CompiledTokenizer tokenizer(directory.path, diags);
  ASSERT_TRUE(tokenizer.valid());
  EXPECT_EQ(tokenizer.encode("ab ab", LAP_ENCODE_ADD_SPECIAL), (std::vector<int32_t>{1, 5, 6}));
  EXPECT_EQ(tokenizer.get()->bos, 1u) << "the piece <bos>, when tokenizer_config.json names none";
}

TEST_F(CompileTokenizer, TakesBosFromTheConfiguration) {
  directory.write("tokenizer.json", minimalTokenizer().dump());
  directory.write("tokenizer_config.json", R"({"bos_token": "ab"})");
  EXPECT_EQ(readTokenizer(directory.path, diags)->bos, 5u);
  directory.write("tokenizer_config.json", R"({"bos_token": {"content": "b", "lstrip": false}})");
  EXPECT_EQ(readTokenizer(directory.path, diags)->bos, 3u);
}

TEST_F(CompileTokenizer, PrefersTokenizerJsonToTheSentencePieceModel) {
  directory.write("tokenizer.json", minimalTokenizer().dump());
  directory.write("tokenizer.model", "not a model");
  EXPECT_TRUE(compileTokenizer(directory.path, diags));
}

TEST_F(CompileTokenizer, RefusesADamagedConfiguration) {
  directory.write("tokenizer.json", minimalTokenizer().dump());
  for (const std::string &text : {std::string("{"), std::string("[]"), "{\"a\":" + std::string(5000, '[') + "}"}) {
    Diagnostics own;
    directory.write("tokenizer_config.json", text);
    EXPECT_FALSE(compileTokenizer(directory.path, own));
    ASSERT_EQ(own.errorCount(), 1u);
    EXPECT_EQ(codeName(own.all()[0].code), codeName(ErrorCode::TokenizerSyntax));
  }
}

TEST_F(CompileTokenizer, RefusesADamagedSentencePieceModel) {
  for (const std::string &text : {std::string(), std::string("version https://git-lfs"), std::string(64, '\xFF')}) {
    Diagnostics own;
    directory.write("tokenizer.model", text);
    EXPECT_FALSE(compileTokenizer(directory.path, own));
    ASSERT_EQ(own.errorCount(), 1u);
    EXPECT_EQ(codeName(own.all()[0].code), codeName(ErrorCode::SentencePieceInvalid));
  }
}

TEST_F(CompileTokenizer, RefusesADirectoryInPlaceOfAFile) {
  std::filesystem::create_directory(directory.path + "/tokenizer.json");
  EXPECT_FALSE(compileTokenizer(directory.path, diags));
  ASSERT_EQ(diags.errorCount(), 1u);
  EXPECT_EQ(codeName(diags.all()[0].code), codeName(ErrorCode::NotARegularFile));
}

} // namespace
