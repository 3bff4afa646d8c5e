//===- MalformedTokenizerTest.cpp - bad tokenizers and their error codes -===//
// SPDX-License-Identifier: Apache-2.0
//
// One table: a change to a correct tokenizer.json and the code it must be refused with. A second table has texts that
// are not a changed correct file. Every refusal must also say something and name the file.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/TokenizerJson.h"
#include "test/frontends/tokenizer/TokenizerFiles.h"

#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace lapidary;
using nlohmann::json;

namespace {

struct Case {
  const char *name;
  ErrorCode code;
  std::function<void(json &)> change;
};

json token(const char *content, int id) { return {{"content", content}, {"id", id}, {"special", true}}; }

const Case cases[] = {
    {"NoModel", ErrorCode::TokenizerMissingField, [](json &j) { j.erase("model"); }},
    {"ModelIsAList", ErrorCode::TokenizerMissingField, [](json &j) { j["model"] = json::array(); }},
    {"NoModelType", ErrorCode::TokenizerMissingField, [](json &j) { j["model"].erase("type"); }},
    {"NoVocabulary", ErrorCode::TokenizerMissingField, [](json &j) { j["model"].erase("vocab"); }},
    {"EmptyVocabulary", ErrorCode::TokenizerMissingField, [](json &j) { j["model"]["vocab"] = json::object(); }},
    {"NoMerges", ErrorCode::TokenizerMissingField, [](json &j) { j["model"].erase("merges"); }},
    {"NoAddedTokens", ErrorCode::TokenizerMissingField, [](json &j) { j.erase("added_tokens"); }},
    {"UnigramModel", ErrorCode::TokenizerUnsupported, [](json &j) { j["model"]["type"] = "Unigram"; }},
    {"WordPieceModel", ErrorCode::TokenizerUnsupported, [](json &j) { j["model"]["type"] = "WordPiece"; }},
    {"Dropout", ErrorCode::TokenizerUnsupported, [](json &j) { j["model"]["dropout"] = 0.1; }},
    {"SubwordPrefix", ErrorCode::TokenizerUnsupported, [](json &j) { j["model"]["continuing_subword_prefix"] = "##"; }},
    {"WordSuffix", ErrorCode::TokenizerUnsupported, [](json &j) { j["model"]["end_of_word_suffix"] = "</w>"; }},
    {"IgnoreMerges", ErrorCode::TokenizerUnsupported, [](json &j) { j["model"]["ignore_merges"] = true; }},
    {"FuseUnkIsANumber", ErrorCode::TokenizerUnsupported, [](json &j) { j["model"]["fuse_unk"] = 1; }},
    {"NoNormalizer", ErrorCode::TokenizerUnsupportedNormalizer, [](json &j) { j["normalizer"] = nullptr; }},
    {"PrependNormalizer", ErrorCode::TokenizerUnsupportedNormalizer,
     [](json &j) { j["normalizer"] = {{"type", "Prepend"}, {"prepend", "▁"}}; }},
    {"SequenceNormalizer", ErrorCode::TokenizerUnsupportedNormalizer,
     [](json &j) { j["normalizer"] = {{"type", "Sequence"}, {"normalizers", {j["normalizer"]}}}; }},
    {"RegexNormalizer", ErrorCode::TokenizerUnsupportedNormalizer,
     [](json &j) { j["normalizer"]["pattern"] = {{"Regex", " "}}; }},
    {"ByteLevelPreTokenizer", ErrorCode::TokenizerUnsupportedPreTokenizer,
     [](json &j) { j["pre_tokenizer"] = {{"type", "ByteLevel"}}; }},
    {"SplitInverted", ErrorCode::TokenizerUnsupportedPreTokenizer,
     [](json &j) { j["pre_tokenizer"]["invert"] = true; }},
    {"NoDecoder", ErrorCode::TokenizerUnsupportedDecoder, [](json &j) { j["decoder"] = nullptr; }},
    {"StrippingDecoder", ErrorCode::TokenizerUnsupportedDecoder,
     [](json &j) {
       j["decoder"]["decoders"].push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
     }},
    {"Truncation", ErrorCode::TokenizerTruncates, [](json &j) { j["truncation"] = {{"max_length", 512}}; }},
    {"Padding", ErrorCode::TokenizerTruncates, [](json &j) { j["padding"] = {{"strategy", "BatchLongest"}}; }},
    {"BertPostProcessor", ErrorCode::TokenizerUnsupportedPostProcessor,
     [](json &j) { j["post_processor"] = {{"type", "BertProcessing"}}; }},
    {"TextTwice", ErrorCode::TokenizerUnsupportedPostProcessor,
     [](json &j) { j["post_processor"]["single"].push_back({{"Sequence", {{"id", "A"}}}}); }},
    {"TextLeftOut", ErrorCode::TokenizerUnsupportedPostProcessor,
     [](json &j) { j["post_processor"]["single"].erase(1); }},
    {"AffixNotListed", ErrorCode::TokenizerUnsupportedPostProcessor,
     [](json &j) { j["post_processor"]["special_tokens"] = json::object(); }},
    {"AffixOutsideTheVocabulary", ErrorCode::TokenizerUnsupportedPostProcessor,
     [](json &j) { j["post_processor"]["special_tokens"]["<bos>"]["ids"] = {7}; }},
    {"TooManyAffixes", ErrorCode::TokenizerUnsupportedPostProcessor,
     [](json &j) { j["post_processor"]["special_tokens"]["<bos>"]["ids"] = json(std::vector<int>(9, 1)); }},
    {"DuplicateId", ErrorCode::TokenizerDuplicateId, [](json &j) { j["model"]["vocab"]["b"] = 2; }},
    {"IdHole", ErrorCode::TokenizerIdHole, [](json &j) { j["model"]["vocab"]["▁ab"] = 7; }},
    {"HugeId", ErrorCode::TokenizerIdHole, [](json &j) { j["model"]["vocab"]["b"] = ~uint64_t(0); }},
    {"NegativeId", ErrorCode::TokenizerInvalid, [](json &j) { j["model"]["vocab"]["b"] = -1; }},
    {"FractionalId", ErrorCode::TokenizerInvalid, [](json &j) { j["model"]["vocab"]["b"] = 1.5; }},
    {"IdIsAnObject", ErrorCode::TokenizerInvalid, [](json &j) { j["model"]["vocab"]["b"] = json::object(); }},
    {"EmptyPiece", ErrorCode::TokenizerInvalid, [](json &j) { j["model"]["vocab"][""] = 7; }},
    {"LongPiece", ErrorCode::TokenizerInvalid, [](json &j) { j["model"]["vocab"][std::string(2000, 'x')] = 7; }},
    {"UnkNotInVocabulary", ErrorCode::TokenizerInvalid, [](json &j) { j["model"]["unk_token"] = "<none>"; }},
    {"UnkIsANumber", ErrorCode::TokenizerInvalid, [](json &j) { j["model"]["unk_token"] = 0; }},
    {"MergeOfUnknownPiece", ErrorCode::TokenizerBadMerge, [](json &j) { j["model"]["merges"][0] = {"a", "x"}; }},
    {"MergeWithoutResult", ErrorCode::TokenizerBadMerge, [](json &j) { j["model"]["merges"][0] = {"b", "a"}; }},
    {"MergeOfOne", ErrorCode::TokenizerBadMerge, [](json &j) { j["model"]["merges"][0] = {"a"}; }},
    {"MergeOfThree", ErrorCode::TokenizerBadMerge, [](json &j) { j["model"]["merges"][0] = {"a", "b", "b"}; }},
    {"MergeOfNumbers", ErrorCode::TokenizerBadMerge, [](json &j) { j["model"]["merges"][0] = {1, 2}; }},
    {"MergeIsANumber", ErrorCode::TokenizerBadMerge, [](json &j) { j["model"]["merges"][0] = 1; }},
    {"MergeWithTwoSpaces", ErrorCode::TokenizerBadMerge, [](json &j) { j["model"]["merges"][0] = "a b c"; }},
    {"MergeWithoutSpace", ErrorCode::TokenizerBadMerge, [](json &j) { j["model"]["merges"][0] = "ab"; }},
    {"MergeNested", ErrorCode::TokenizerBadMerge, [](json &j) { j["model"]["merges"][0] = {{"a"}, {"b"}}; }},
    {"DuplicateMerge", ErrorCode::TokenizerDuplicateMerge, [](json &j) { j["model"]["merges"].push_back({"a", "b"}); }},
    {"AddedTokenWrongId", ErrorCode::TokenizerBadAddedToken, [](json &j) { j["added_tokens"][1]["id"] = 2; }},
    {"AddedTokenBehindAGap", ErrorCode::TokenizerBadAddedToken,
     [](json &j) { j["added_tokens"].push_back(token("<x>", 8)); }},
    {"AddedTokenTakesAnId", ErrorCode::TokenizerBadAddedToken,
     [](json &j) { j["added_tokens"].push_back(token("<x>", 3)); }},
    {"AddedTokenTwice", ErrorCode::TokenizerBadAddedToken,
     [](json &j) { j["added_tokens"].push_back(token("<bos>", 1)); }},
    {"AddedTokenEmpty", ErrorCode::TokenizerBadAddedToken, [](json &j) { j["added_tokens"].push_back(token("", 7)); }},
    {"AddedTokenWithoutId", ErrorCode::TokenizerBadAddedToken, [](json &j) { j["added_tokens"][0].erase("id"); }},
    {"AddedTokenIsAText", ErrorCode::TokenizerBadAddedToken, [](json &j) { j["added_tokens"][0] = "<unk>"; }},
    {"AddedTokenStripsLeft", ErrorCode::TokenizerBadAddedToken, [](json &j) { j["added_tokens"][1]["lstrip"] = true; }},
    {"AddedTokenStripsRight", ErrorCode::TokenizerBadAddedToken,
     [](json &j) { j["added_tokens"][1]["rstrip"] = true; }},
    {"AddedTokenSingleWord", ErrorCode::TokenizerBadAddedToken,
     [](json &j) { j["added_tokens"][1]["single_word"] = true; }},
};

void expectRefused(const std::string &text, ErrorCode code) {
  Diagnostics diags;
  EXPECT_FALSE(readTokenizerJson(text, "dir/tokenizer.json", diags));
  ASSERT_EQ(diags.errorCount(), 1u);
  const Diagnostic &first = diags.all()[0];
  EXPECT_EQ(codeName(first.code), codeName(code)) << first.message;
  EXPECT_FALSE(first.message.empty());
  EXPECT_EQ(first.where.rfind("dir/tokenizer.json", 0), 0u) << first.where;
}

class MalformedTokenizer : public testing::TestWithParam<Case> {};

TEST_P(MalformedTokenizer, IsRefusedWithItsCode) {
  json file = minimalTokenizer();
  GetParam().change(file);
  expectRefused(file.dump(), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(Table, MalformedTokenizer, testing::ValuesIn(cases),
                         [](const testing::TestParamInfo<Case> &info) { return std::string(info.param.name); });

TEST(MalformedTokenizerText, IsRefusedWithItsCode) {
  std::string good = minimalTokenizer().dump();
  const std::pair<std::string, ErrorCode> texts[] = {
      {"", ErrorCode::TokenizerSyntax},
      {"[]", ErrorCode::TokenizerSyntax},
      {"null", ErrorCode::TokenizerSyntax},
      {"version https://git-lfs.github.com/spec/v1", ErrorCode::TokenizerSyntax},
      {good.substr(0, good.size() / 2), ErrorCode::TokenizerSyntax},
      {good + "x", ErrorCode::TokenizerSyntax},
      {"{\"a\":\"\xFF\"}", ErrorCode::TokenizerSyntax},
      {"{\"a\":\"\\ud800\"}", ErrorCode::TokenizerSyntax},
      {"{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}", ErrorCode::TokenizerSyntax},
      {R"({"model":{}, "model":{}})", ErrorCode::TokenizerInvalid},
      {R"({"model":{"vocab":{}, "vocab":{}}})", ErrorCode::TokenizerInvalid},
  };
  for (const auto &[text, code] : texts) {
    SCOPED_TRACE(text.substr(0, 60));
    expectRefused(text, code);
  }
}

TEST(MalformedTokenizerText, NamesAPieceThatIsListedTwice) {
  std::string text = minimalTokenizer().dump();
  text.replace(text.find("\"b\":3"), 5, "\"a\":3");
  expectRefused(text, ErrorCode::TokenizerDuplicatePiece);
}

TEST(MalformedTokenizerText, StopsAtTheLimitOfTheVocabulary) {
  std::string text = R"({"model":{"vocab":{)";
  for (int i = 0; i <= 1 << 20; ++i) {
    text += "\"" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  }
  text.back() = '}';
  expectRefused(text + "}}", ErrorCode::TokenizerTooLarge);
}

TEST(MalformedTokenizerText, NeverCrashesOnDamagedFiles) {
  unsigned seed = 99;
  std::mt19937 random(seed);
  const std::string good = minimalTokenizer().dump();
  for (int round = 0; round < 20000; ++round) {
    std::string text = good;
    for (int k = random() % 4; k >= 0; --k) {
      size_t at = random() % text.size();
      switch (random() % 3) {
      case 0:
        text[at] = "{}[]\",:019.-ntfab\\ \x80"[random() % 20];
        break;
      case 1:
        text.erase(at, random() % 8);
        break;
      default:
        text.insert(at, text.substr(random() % text.size(), random() % 12));
      }
      text = text.empty() ? "{" : text;
    }
    Diagnostics diags;
    EXPECT_NE(readTokenizerJson(text, "f", diags).has_value(), diags.hadError()) << "seed " << seed << ": " << text;
  }
}

} // namespace
