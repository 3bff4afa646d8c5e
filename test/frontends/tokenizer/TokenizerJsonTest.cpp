//===- TokenizerJsonTest.cpp - what is read from a good tokenizer.json ---===//
// SPDX-License-Identifier: Apache-2.0
//
// The spellings that differ between versions of the tokenizers library, and what becomes of each field.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/TokenizerJson.h"
#include "test/frontends/tokenizer/TokenizerFiles.h"

#include <gtest/gtest.h>

using namespace lapidary;
using nlohmann::json;

namespace {

TokenizerModel read(const json &file) {
  Diagnostics diags;
  std::optional<TokenizerModel> model = readTokenizerJson(file.dump(), "tokenizer.json", diags);
  for (const Diagnostic &diagnostic : diags.all()) {
    ADD_FAILURE() << formatDiagnostic(diagnostic, false);
  }
  return model.value_or(TokenizerModel());
}

TEST(TokenizerJson, ReadsAMinimalFile) {
  TokenizerModel model = read(minimalTokenizer());
  EXPECT_EQ(model.vocabularySize, 7u);
  EXPECT_EQ(model.pieces[6], std::string(spaceMark) + "ab");
  ASSERT_EQ(model.merges.size(), 2u);
  EXPECT_EQ(model.merges[1].left, 4u);
  EXPECT_EQ(model.merges[1].right, 5u);
  EXPECT_EQ(model.merges[1].merged, 6u);
  EXPECT_TRUE(model.byteFallback);
  EXPECT_TRUE(model.fuseUnk);
  EXPECT_EQ(model.unk, 0u);
  EXPECT_EQ(model.prefix, std::vector<uint32_t>{1});
  EXPECT_TRUE(model.suffix.empty());
  EXPECT_TRUE(model.added[1].special);
}

TEST(TokenizerJson, AcceptsBothSpellingsOfMerges) {
  json file = minimalTokenizer();
  file["model"]["merges"] = {"a b", {"▁", "ab"}};
  EXPECT_EQ(read(file).merges.size(), 2u);
}

TEST(TokenizerJson, AcceptsMergesBeforeTheVocabulary) {
  std::string text = minimalTokenizer().dump(); // keys are sorted: "merges" precedes "vocab"
  EXPECT_LT(text.find("\"merges\""), text.find("\"vocab\""));
  EXPECT_EQ(read(minimalTokenizer()).merges.size(), 2u);
}

TEST(TokenizerJson, AddsTokensBeyondTheVocabularyInAnyOrder) {
  json file = minimalTokenizer();
  file["added_tokens"].push_back({{"id", 8}, {"content", "<y>"}});
  file["added_tokens"].push_back({{"id", 7}, {"content", "<x>"}, {"special", true}});
  TokenizerModel model = read(file);
  EXPECT_EQ(model.vocabularySize, 7u);
  ASSERT_EQ(model.pieces.size(), 9u);
  EXPECT_EQ(model.pieces[8], "<y>");
  EXPECT_TRUE(model.added[2].special);
  EXPECT_FALSE(model.added[3].special);
}

TEST(TokenizerJson, NormalizesAddedTokensThatAskForIt) {
  json file = minimalTokenizer();
  file["added_tokens"].push_back({{"id", 7}, {"content", "x y"}, {"normalized", true}});
  TokenizerModel model = read(file);
  EXPECT_EQ(model.added[2].text, std::string("x") + spaceMark + "y");
  EXPECT_EQ(model.pieces[7], "x y");
}

TEST(TokenizerJson, AcceptsWhatIsSwitchedOffBeingAbsent) {
  json file = minimalTokenizer();
  for (const char *name : {"truncation", "padding", "pre_tokenizer", "post_processor"}) {
    file.erase(name);
  }
  for (const char *name : {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                           "byte_fallback", "ignore_merges"}) {
    file["model"].erase(name);
  }
  TokenizerModel model = read(file);
  EXPECT_FALSE(model.unk);
  EXPECT_FALSE(model.byteFallback);
  EXPECT_TRUE(model.prefix.empty());
}

TEST(TokenizerJson, ReadsTokensAfterTheText) {
  json file = minimalTokenizer();
  json &steps = file["post_processor"]["single"];
  steps.push_back(steps[0]);
  TokenizerModel model = read(file);
  EXPECT_EQ(model.prefix, std::vector<uint32_t>{1});
  EXPECT_EQ(model.suffix, std::vector<uint32_t>{1});
}

TEST(TokenizerJson, ReportsEveryUnsupportedStage) {
  json file = minimalTokenizer();
  file["normalizer"] = nullptr;
  file["decoder"] = nullptr;
  file["model"]["dropout"] = 0.5;
  Diagnostics diags;
  EXPECT_FALSE(readTokenizerJson(file.dump(), "tokenizer.json", diags));
  EXPECT_EQ(diags.errorCount(), 3u);
}

TEST(ByteOfPiece, KnowsOnlyTheByteSpelling) {
  EXPECT_EQ(byteOfPiece("<0x0A>"), 10);
  EXPECT_EQ(byteOfPiece("<0xff>"), 255);
  for (const char *piece : {"<0xG0>", "<0x0>", "<0x00", "0x00>>", "<0x000>", ""}) {
    EXPECT_FALSE(byteOfPiece(piece)) << piece;
  }
}

} // namespace
