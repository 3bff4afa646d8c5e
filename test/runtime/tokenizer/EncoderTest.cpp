//===- EncoderTest.cpp - text to token ids -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Holds the encoder against recorded encodings of the reference implementation (test/data/fixtures/tokenizer) and
// against a plain, quadratic byte-pair encoder on small vocabularies in which the details matter.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/TokenizerWriter.h"
#include "test/runtime/tokenizer/CompiledTokenizer.h"

#include <chrono>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <random>

using namespace lapidary;

namespace {

const std::string fixture = LAPIDARY_SOURCE_DIR "/test/data/fixtures/tokenizer";
using Ids = std::vector<int32_t>;

CompiledTokenizer compileFixture() {
  Diagnostics diags;
  CompiledTokenizer tokenizer(fixture, diags);
  EXPECT_FALSE(diags.hadError());
  return tokenizer;
}

/// A model whose vocabulary is these pieces and whose merges are these pairs, first merges first.
TokenizerModel tinyModel(std::vector<std::string> pieces, std::vector<std::pair<std::string, std::string>> merges) {
  TokenizerModel model;
  model.pieces = std::move(pieces);
  model.vocabularySize = static_cast<uint32_t>(model.pieces.size());
  auto id = [&](const std::string &piece) {
    auto found = std::find(model.pieces.begin(), model.pieces.end(), piece);
    EXPECT_NE(found, model.pieces.end()) << piece;
    return static_cast<uint32_t>(found - model.pieces.begin());
  };
  for (auto &[left, right] : merges) {
    model.merges.push_back({id(left), id(right), id(left + right)});
  }
  return model;
}

TEST(Encoder, ReproducesTheRecordedEncodings) {
  CompiledTokenizer tokenizer = compileFixture();
  ASSERT_TRUE(tokenizer.valid());
  nlohmann::json cases = nlohmann::json::parse(std::ifstream(fixture + "/encodings.json"));
  size_t compared = 0;
  for (const auto &entry : cases) {
    if (!entry["text"].is_string()) {
      continue;
    }
    std::string text = entry["text"];
    EXPECT_EQ(tokenizer.encode(text), entry["ids"].get<Ids>()) << text;
    EXPECT_EQ(tokenizer.encode(text, LAP_ENCODE_PARSE_SPECIAL | LAP_ENCODE_ADD_SPECIAL),
              entry["ids_special"].get<Ids>())
        << text;
    ++compared;
  }
  EXPECT_GE(compared, 16u);
}

TEST(Encoder, MergesTheLowestRankFirstAndTheLeftmostAmongEquals) {
  CompiledTokenizer tokenizer(writeTokenizerTables(
      tinyModel({"a", "b", "c", "aa", "bc", "ab", "aab"}, {{"b", "c"}, {"a", "a"}, {"a", "b"}, {"aa", "b"}})));
  EXPECT_EQ(tokenizer.encode("abc"), (Ids{0, 4}));   // "bc" has the lower rank
  EXPECT_EQ(tokenizer.encode("aaa"), (Ids{3, 0}));   // leftmost first
  EXPECT_EQ(tokenizer.encode("aabab"), (Ids{6, 5})); // merges of merges
}

TEST(Encoder, FallsBackToBytesOnlyWhenAllOfACharacterExist) {
  TokenizerModel model = tinyModel({"a", "<0xC3>", "<0xA9>", "<unk>"}, {});
  model.byteFallback = true;
  model.unk = 3;
  CompiledTokenizer tokenizer(writeTokenizerTables(model));
  EXPECT_EQ(tokenizer.encode("a\xC3\xA9"), (Ids{0, 1, 2}));
  EXPECT_EQ(tokenizer.encode("a\xC3\xA8"), (Ids{0, 3})) << "<0xA8> is missing, so the character is unknown";
}

TEST(Encoder, FusesUnknownCharactersOnlyWhenAsked) {
  TokenizerModel model = tinyModel({"a", "<unk>"}, {});
  model.unk = 1;
  EXPECT_EQ(CompiledTokenizer(writeTokenizerTables(model)).encode("xyaz"), (Ids{1, 1, 0, 1}));
  model.fuseUnk = true;
  EXPECT_EQ(CompiledTokenizer(writeTokenizerTables(model)).encode("xyaz"), (Ids{1, 0, 1}));
  model.unk.reset();
  EXPECT_EQ(CompiledTokenizer(writeTokenizerTables(model)).encode("xyaz"), (Ids{0})) << "without unk they vanish";
}

TEST(Encoder, TakesTheLongestAddedToken) {
  TokenizerModel model = tinyModel({"a", "<x", "<x>", "<x>y"}, {});
  model.added = {{1, "<x", false, false}, {2, "<x>", true, false}, {3, "<x>y", false, false}};
  CompiledTokenizer tokenizer(writeTokenizerTables(model));
  EXPECT_EQ(tokenizer.encode("a<xa<x><x>ya"), (Ids{0, 1, 0, 2, 3, 0}));
  EXPECT_EQ(tokenizer.encode("a<x>a", 0), (Ids{0, 0})) << "a special token that is not parsed stays text";
}

TEST(Encoder, MatchesNormalizedAddedTokensInTheNormalizedText) {
  TokenizerModel model = tinyModel({"a", "\xE2\x96\x81",
                                    "b\xE2\x96\x81"
                                    "c"},
                                   {});
  model.added = {{2,
                  "b\xE2\x96\x81"
                  "c",
                  false, true}};
  CompiledTokenizer tokenizer(writeTokenizerTables(model));
  EXPECT_EQ(tokenizer.encode("ab ca"), (Ids{0, 2, 0}));
  EXPECT_EQ(tokenizer.encode("ab\xE2\x96\x81"
                             "ca"),
            (Ids{0, 2, 0}));
}

TEST(Encoder, PutsTheAffixesAroundTheTextAndBosOnlyOnce) {
  TokenizerModel model = tinyModel({"a", "<bos>", "<eos>"}, {});
  model.added = {{1, "<bos>", true, false}};
  model.prefix = {1};
  model.suffix = {2};
  model.bos = 1;
  CompiledTokenizer tokenizer(writeTokenizerTables(model));
  uint32_t parse = LAP_ENCODE_PARSE_SPECIAL;
  EXPECT_EQ(tokenizer.encode("a", parse | LAP_ENCODE_ADD_SPECIAL), (Ids{1, 0, 2}));
  EXPECT_EQ(tokenizer.encode("a", parse | LAP_ENCODE_ADD_SPECIAL | LAP_ENCODE_ENSURE_BOS), (Ids{1, 0, 2}));
  EXPECT_EQ(tokenizer.encode("a", parse | LAP_ENCODE_ENSURE_BOS), (Ids{1, 0}));
  EXPECT_EQ(tokenizer.encode("<bos>a", parse | LAP_ENCODE_ENSURE_BOS), (Ids{1, 0}));
  EXPECT_EQ(tokenizer.encode("", parse | LAP_ENCODE_ENSURE_BOS), (Ids{1}));
}

TEST(Encoder, ReplacesInvalidBytesAsPythonDoes) {
  CompiledTokenizer tokenizer = compileFixture();
  const std::pair<std::string, int> cases[] = {
      // text, number of U+FFFD that bytes.decode(errors="replace") gives
      {"\xFF", 1},
      {"\xC3", 1},
      {"\xE4\xB8", 1},
      {"\xE4\xB8"
       "a",
       1},
      {"\xED\xA0\x80", 3},
      {"\xE0\x80", 2},
      {"\xF0\x9F\x98", 1},
      {"\xF4\x90\x80\x80", 4},
      {"\xC0\xAF", 2},
      {"\x80\x80", 2},
      {"\xF8\x88\x80", 3},
      {"\xF0\x9F\xFF", 2},
      {"\xE4\xE4\xB8\xAD", 1},
      {"\xF0\x9F\x98\x80", 0},
      {"\xC3\xA9", 0},
  };
  for (const auto &[text, count] : cases) {
    std::string decoded = tokenizer.decode(tokenizer.encode(text));
    int found = 0;
    for (size_t at = 0; (at = decoded.find("\xEF\xBF\xBD", at)) != std::string::npos; at += 3) {
      ++found;
    }
    EXPECT_EQ(found, count) << testing::PrintToString(text);
  }
}

TEST(Encoder, NeverWritesMoreIdsThanThereIsRoomFor) {
  CompiledTokenizer tokenizer = compileFixture();
  std::string text = "hello world, the cat";
  Ids all = tokenizer.encode(text, LAP_ENCODE_ENSURE_BOS), some(all.size(), -7);
  std::vector<char> scratch(lap_encode_scratch_bytes(text.size()));
  for (uint64_t capacity = 0; capacity <= all.size(); ++capacity) {
    uint64_t count = 99;
    lap_encode_status status = lap_encode(tokenizer.get(), text.data(), text.size(), LAP_ENCODE_ENSURE_BOS,
                                          scratch.data(), scratch.size(), some.data(), capacity, &count);
    EXPECT_EQ(status, capacity < all.size() ? LAP_ENCODE_IDS_FULL : LAP_ENCODE_OK);
    EXPECT_EQ(count, all.size());
    EXPECT_TRUE(std::equal(some.begin(), some.begin() + capacity, all.begin()));
  }
  uint64_t count = 99;
  EXPECT_EQ(
      lap_encode(tokenizer.get(), text.data(), text.size(), 0, scratch.data(), 16, some.data(), some.size(), &count),
      LAP_ENCODE_SCRATCH_TOO_SMALL);
  EXPECT_EQ(lap_encode(tokenizer.get(), text.data(), size_t(LAP_ENCODE_MAX_BYTES) + 1, 0, scratch.data(),
                       scratch.size(), some.data(), some.size(), &count),
            LAP_ENCODE_TEXT_TOO_LONG);
}

/// Byte-pair encoding as one would write it down: look for the best pair, merge it, start over.
Ids plainEncode(const TokenizerModel &model, const std::string &text) {
  Ids ids;
  for (char c : text) {
    std::string piece = c == ' ' ? spaceMark : std::string(1, c);
    ids.push_back(
        static_cast<int32_t>(std::find(model.pieces.begin(), model.pieces.end(), piece) - model.pieces.begin()));
  }
  while (true) {
    size_t bestRank = model.merges.size(), bestAt = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      for (size_t rank = 0; rank < bestRank; ++rank) {
        const TokenizerMerge &merge = model.merges[rank];
        if (int32_t(merge.left) == ids[i] && int32_t(merge.right) == ids[i + 1]) {
          bestRank = rank;
          bestAt = i;
        }
      }
    }
    if (bestRank == model.merges.size()) {
      return ids;
    }
    ids[bestAt] = static_cast<int32_t>(model.merges[bestRank].merged);
    ids.erase(ids.begin() + bestAt + 1);
  }
}

/// A vocabulary over a, b, > and the space, in which many pieces can be reached in several ways. Some merges cross from
/// '>' to a space, none from a letter.
TokenizerModel randomModel(std::mt19937 &random) {
  std::vector<std::string> pieces = {"a", "b", ">", spaceMark};
  std::vector<std::pair<std::string, std::string>> merges;
  for (int i = 0; i < 200; ++i) {
    std::string left = pieces[random() % pieces.size()], right = pieces[random() % pieces.size()];
    bool crosses = right.compare(0, 3, spaceMark) == 0 && (left.back() == 'a' || left.back() == 'b');
    if (crosses || left.size() + right.size() >= 24 ||
        std::find(merges.begin(), merges.end(), std::pair(left, right)) != merges.end()) {
      continue;
    }
    merges.emplace_back(left, right);
    if (std::find(pieces.begin(), pieces.end(), left + right) == pieces.end()) {
      pieces.push_back(left + right);
    }
  }
  std::shuffle(merges.begin(), merges.end(), random);
  return tinyModel(pieces, merges);
}

TEST(Encoder, AgreesWithAPlainEncoderOnRandomVocabularies) {
  unsigned seed = 20260401;
  std::mt19937 random(seed);
  for (int round = 0; round < 60; ++round) {
    TokenizerModel model = randomModel(random);
    CompiledTokenizer tokenizer(writeTokenizerTables(model));
    ASSERT_TRUE(tokenizer.get()->flags & LAP_TOKENIZER_SPACE_STARTS);
    for (int k = 0; k < 20; ++k) {
      std::string text;
      for (int i = random() % 60; i > 0; --i) {
        text.push_back("aab b> "[random() % 7]);
      }
      ASSERT_EQ(tokenizer.encode(text), plainEncode(model, text)) << "seed " << seed << ", text '" << text << "'";
    }
  }
}

TEST(Encoder, TakesTimeInProportionToTheText) {
  CompiledTokenizer tokenizer = compileFixture();
  for (const char *part : {"x", " ", "\n", "the cat ", "\xFF", "\xE4\xB8\xAD"}) {
    std::string text;
    while (text.size() < 1 << 20) {
      text += part;
    }
    auto start = std::chrono::steady_clock::now();
    EXPECT_GT(tokenizer.encode(text).size(), 1000u);
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    EXPECT_LT(seconds.count(), 20) << "a quadratic encoder takes hours, sanitizers and busy machines a few seconds";
  }
}

} // namespace
