//===- DecoderTest.cpp - token ids to text, at once and streamed ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// Recorded decodings of the reference, the byte-run rule, and the promise that a stream decoder's output is valid
// UTF-8 at every point and adds up to the text of all ids.
//===----------------------------------------------------------------------===//
#include "runtime/src/tokenizer/Utf8.h"
#include "test/runtime/tokenizer/CompiledTokenizer.h"

#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <random>

using namespace lapidary;

namespace {

const std::string fixture = LAPIDARY_SOURCE_DIR "/test/data/fixtures/tokenizer";
using Ids = std::vector<int32_t>;

class Decoder : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_TRUE(tokenizer.valid());
    std::string byte = "<0x00>";
    firstByte = static_cast<int32_t>(lap_tokenizer_find(tokenizer.get(), byte.data(), byte.size()));
    ASSERT_GE(firstByte, 0);
  }
  /// Ids of the byte pieces of these bytes.
  Ids bytes(const std::string &text) const {
    Ids ids;
    for (unsigned char c : text) {
      ids.push_back(firstByte + c);
    }
    return ids;
  }
  int32_t id(const std::string &piece) const {
    return static_cast<int32_t>(lap_tokenizer_find(tokenizer.get(), piece.data(), piece.size()));
  }
  Diagnostics diags;
  CompiledTokenizer tokenizer{fixture, diags};
  int32_t firstByte = 0;
};

std::string join(const std::vector<std::string> &parts) {
  std::string text;
  for (const std::string &part : parts) {
    text += part;
  }
  return text;
}

bool isUtf8(const std::string &text) {
  int valid;
  lap_utf8_replaced_bytes(text.data(), text.size(), &valid);
  return valid;
}

TEST_F(Decoder, ReproducesTheRecordedTexts) {
  nlohmann::json cases = nlohmann::json::parse(std::ifstream(fixture + "/encodings.json"));
  size_t compared = 0;
  for (const auto &entry : cases) {
    Ids ids = entry["ids"];
    EXPECT_EQ(tokenizer.decode(ids), entry["decoded"].get<std::string>());
    EXPECT_EQ(join(tokenizer.stream(ids)), entry["decoded"].get<std::string>());
    if (entry.contains("decoded_skip")) {
      EXPECT_EQ(tokenizer.decode(ids, true), entry["decoded_skip"].get<std::string>());
      EXPECT_EQ(join(tokenizer.stream(ids, true)), entry["decoded_skip"].get<std::string>());
    }
    ++compared;
  }
  EXPECT_GE(compared, 17u);
}

TEST_F(Decoder, TurnsEveryByteOfAnInvalidRunIntoAReplacementCharacter) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(tokenizer.decode(bytes("\xE4\xB8\xAD\xFF")), bad + bad + bad + bad);
  EXPECT_EQ(tokenizer.decode(bytes("\xE4\xB8\xAD")), "\xE4\xB8\xAD");
  EXPECT_EQ(tokenizer.decode(bytes("\xE4\xB8")), bad + bad);
  EXPECT_EQ(tokenizer.decode(bytes("ab")), "ab");
}

TEST_F(Decoder, ContinuesAByteRunAcrossSkippedTokens) {
  Ids ids = {firstByte + 0xC3, id("<eos>"), firstByte + 0xA9};
  EXPECT_EQ(tokenizer.decode(ids, true), "\xC3\xA9");
  EXPECT_EQ(tokenizer.decode(ids, false), "\xEF\xBF\xBD<eos>\xEF\xBF\xBD");
  EXPECT_EQ(join(tokenizer.stream(ids, true)), "\xC3\xA9");
}

TEST_F(Decoder, IgnoresIdsOutsideTheVocabulary) {
  int32_t a = id("a");
  EXPECT_EQ(tokenizer.decode({-1, a, 1 << 30, INT32_MIN, INT32_MAX, a}), "aa");
  EXPECT_EQ(join(tokenizer.stream({-1, a, 1 << 30, a})), "aa");
}

TEST_F(Decoder, HoldsAnOpenByteRunBackUntilItEnds) {
  Ids ids = bytes("\xF0\x9F\x98\x80");
  ids.push_back(id("a"));
  EXPECT_EQ(tokenizer.stream(ids), (std::vector<std::string>{"", "", "", "",
                                                             "\xF0\x9F\x98\x80"
                                                             "a",
                                                             ""}));
  EXPECT_EQ(tokenizer.stream(bytes("\xF0\x9F")).back(), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_F(Decoder, StreamsWhatItDecodesAtOnceAndOnlyValidText) {
  unsigned seed = 7;
  std::mt19937 random(seed);
  uint32_t pieces = tokenizer.get()->pieces;
  for (int round = 0; round < 4000; ++round) {
    Ids ids;
    for (int i = random() % 24; i > 0; --i) {
      static const unsigned char common[] = {0xC3, 0xA9, 0xE4, 0xB8, 0xAD, 0xF0, 0x9F, 0x98, 0x80, 'a'};
      ids.push_back(random() % 3 ? firstByte + common[random() % 10] : int32_t(random() % pieces));
    }
    for (bool skip : {false, true}) {
      std::string text = tokenizer.decode(ids, skip);
      std::vector<std::string> parts = tokenizer.stream(ids, skip);
      ASSERT_EQ(join(parts), text) << "seed " << seed << ", round " << round;
      ASSERT_TRUE(isUtf8(text));
      for (const std::string &part : parts) {
        ASSERT_TRUE(isUtf8(part));
      }
    }
  }
}

TEST_F(Decoder, GivesLongRunsOutInPieces) {
  std::string text;
  for (int i = 0; i < 2000; ++i) {
    text += i % 3 ? "\xF0\x9F\x98\x80" : "\xE4\xB8\xAD";
  }
  std::vector<std::string> parts = tokenizer.stream(bytes(text));
  EXPECT_EQ(join(parts), text);
  for (const std::string &part : parts) {
    EXPECT_LE(part.size(), size_t(LAP_STREAM_RUN));
    EXPECT_TRUE(isUtf8(part));
  }
  EXPECT_EQ(tokenizer.decode(bytes(text)), text);
}

TEST_F(Decoder, CanBeUsedAgainAfterItsEnd) {
  lap_stream_decoder decoder;
  lap_stream_decoder_init(&decoder, tokenizer.get(), 0);
  std::string out(lap_stream_decoder_max_bytes(tokenizer.get()), '\0');
  EXPECT_EQ(lap_stream_decoder_push(&decoder, firstByte + 0xFF, out.data()), 3u)
      << "certainly invalid: given out at once";
  EXPECT_EQ(lap_stream_decoder_finish(&decoder, out.data()), 0u);
  EXPECT_EQ(lap_stream_decoder_push(&decoder, firstByte + 'a', out.data()), 0u);
  EXPECT_EQ(out.substr(0, lap_stream_decoder_finish(&decoder, out.data())), "a");
}

} // namespace
