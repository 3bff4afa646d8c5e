//===- SentencePieceModelTest.cpp - tokenizer.model against SentencePiece ===//
// SPDX-License-Identifier: Apache-2.0
//
// Trains a small model with libsentencepiece, compiles it and compares encodings. The same process also writes and
// parses Protobuf messages of our own: libsentencepiece carries a Protobuf that must not meet ours.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/SentencePieceModel.h"
#include "frontends/tokenizer/SentencePieceModel.pb.h"
#include "test/frontends/tokenizer/TokenizerFiles.h"
#include "test/runtime/tokenizer/CompiledTokenizer.h"

#include <gtest/gtest.h>
#include <random>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

using namespace lapidary;
using Proto = lapidary::sentencepiece::Model;

namespace {

const char *const words[] = {"the",   "cat",  "sat",   "on",    "mat",        "there",
                             "other", "then", "hello", "world", "caf\xC3\xA9"};

std::string randomText(std::mt19937 &random, int length) {
  std::string text;
  for (int i = 0; i < length; ++i) {
    text += words[random() % std::size(words)];
    text += std::string(random() % 4 ? 1 : random() % 4, ' ');
  }
  return text;
}

/// A byte-fallback BPE model in Gemma's style (nothing normalised, spaces kept), as file contents.
const std::string &trainedModel() {
  static const std::string bytes = [] {
    TemporaryDirectory directory;
    std::mt19937 random(3);
    std::string corpus;
    for (int i = 0; i < 400; ++i) {
      corpus += randomText(random, 8) + "\n";
    }
    directory.write("corpus", corpus);
    auto status = ::sentencepiece::SentencePieceTrainer::Train(
        "--input=" + directory.path + "/corpus --model_prefix=" + directory.path +
        "/m --model_type=bpe --vocab_size=400 "
        "--byte_fallback=true --split_by_whitespace=true --add_dummy_prefix=false --remove_extra_whitespaces=false "
        "--normalization_rule_name=identity --user_defined_symbols=<turn> --pad_id=0 --eos_id=1 --bos_id=2 --unk_id=3 "
        "--hard_vocab_limit=false --minloglevel=2");
    EXPECT_TRUE(status.ok()) << status.ToString();
    return readTestFile(directory.path + "/m.model");
  }();
  return bytes;
}

TEST(SentencePieceModel, EncodesAsSentencePieceDoes) {
  ::sentencepiece::SentencePieceProcessor processor;
  ASSERT_TRUE(processor.LoadFromSerializedProto(trainedModel()).ok());
  TemporaryDirectory directory;
  directory.write("tokenizer.model", trainedModel());
  Diagnostics diags;
  CompiledTokenizer tokenizer(directory.path, diags);
  ASSERT_TRUE(tokenizer.valid()) << (diags.hadError() ? diags.all()[0].message : "");
  EXPECT_GT(tokenizer.get()->merges, 50u);
  unsigned seed = 11;
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string text = randomText(random, random() % 12);
    text += round % 3 == 0 ? "<turn>\xE4\xB8\xAD  \xF0\x9F\x98\x80 catsat" : "";
    std::vector<int> expected = processor.EncodeAsIds(text);
    ASSERT_EQ(tokenizer.encode(text, LAP_ENCODE_PARSE_SPECIAL), std::vector<int32_t>(expected.begin(), expected.end()))
        << "seed " << seed << ", text '" << text << "'";
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  }
}

TEST(SentencePieceModel, SharesAProcessWithProtobuf) {
  ::sentencepiece::SentencePieceProcessor processor;
  ASSERT_TRUE(processor.LoadFromSerializedProto(trainedModel()).ok());
  Proto model;
  ASSERT_TRUE(model.ParseFromString(trainedModel()));
  EXPECT_EQ(model.pieces_size(), processor.GetPieceSize());
  Proto copy;
  ASSERT_TRUE(copy.ParseFromString(model.SerializeAsString()));
  EXPECT_EQ(copy.pieces(300).piece(), processor.IdToPiece(300));
  ::sentencepiece::SentencePieceProcessor second;
  ASSERT_TRUE(second.LoadFromSerializedProto(copy.SerializeAsString()).ok());
  EXPECT_EQ(second.EncodeAsIds("the cat"), processor.EncodeAsIds("the cat"));
}

TEST(SentencePieceModel, AddsBosUnlessSwitchedOff) {
  TemporaryDirectory directory;
  directory.write("tokenizer.model", trainedModel());
  Diagnostics diags;
  EXPECT_EQ(readTokenizer(directory.path, diags)->prefix, std::vector<uint32_t>{2});
  directory.write("tokenizer_config.json", R"({"add_bos_token": false})");
  EXPECT_TRUE(readTokenizer(directory.path, diags)->prefix.empty());
  EXPECT_FALSE(diags.hadError());
}

TEST(SentencePieceModel, RefusesModelsThatWorkDifferently) {
  const std::pair<ErrorCode, void (*)(Proto &)> cases[] = {
      {ErrorCode::SentencePieceUnsupported, [](Proto &p) { p.mutable_trainer_spec()->set_model_type(1); }},
      {ErrorCode::SentencePieceUnsupported,
       [](Proto &p) { p.mutable_trainer_spec()->set_treat_whitespace_as_suffix(true); }},
      {ErrorCode::SentencePieceUnsupported, [](Proto &p) { p.mutable_normalizer_spec()->set_add_dummy_prefix(true); }},
      {ErrorCode::SentencePieceUnsupported,
       [](Proto &p) { p.mutable_normalizer_spec()->set_remove_extra_whitespaces(true); }},
      {ErrorCode::SentencePieceUnsupported,
       [](Proto &p) { p.mutable_normalizer_spec()->set_escape_whitespaces(false); }},
      {ErrorCode::SentencePieceUnsupported,
       [](Proto &p) { p.mutable_normalizer_spec()->set_precompiled_charsmap("x"); }},
      {ErrorCode::SentencePieceUnsupported, [](Proto &p) { p.mutable_pieces(300)->set_type(5); }},
      {ErrorCode::SentencePieceInvalid, [](Proto &p) { p.clear_pieces(); }},
      {ErrorCode::TokenizerDuplicatePiece, [](Proto &p) { p.mutable_pieces(300)->set_piece(p.pieces(301).piece()); }},
      {ErrorCode::TokenizerInvalid, [](Proto &p) { p.mutable_pieces(300)->set_piece(""); }},
      {ErrorCode::TokenizerInvalid, [](Proto &p) { p.mutable_pieces(300)->set_piece(std::string("a\xFF")); }},
      {ErrorCode::TokenizerInvalid, [](Proto &p) { p.mutable_pieces(300)->set_score(__builtin_nanf("")); }},
  };
  for (const auto &[code, change] : cases) {
    Proto model;
    ASSERT_TRUE(model.ParseFromString(trainedModel()));
    change(model);
    Diagnostics diags;
    EXPECT_FALSE(readSentencePieceModel(model.SerializeAsString(), "tokenizer.model", diags));
    ASSERT_EQ(diags.errorCount(), 1u);
    EXPECT_EQ(codeName(diags.all()[0].code), codeName(code)) << diags.all()[0].message;
  }
}

TEST(SentencePieceModel, NeverCrashesOnDamagedFiles) {
  unsigned seed = 5;
  std::mt19937 random(seed);
  for (int round = 0; round < 500; ++round) {
    std::string bytes = trainedModel();
    for (int k = 0; k < 3; ++k) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    bytes.resize(round % 3 ? bytes.size() : random() % bytes.size());
    Diagnostics diags;
    EXPECT_NE(readSentencePieceModel(bytes, "f", diags).has_value(), diags.hadError()) << "seed " << seed;
  }
}

} // namespace
