//===- VocabularyTrieTest.cpp - the trie of token texts -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every token is found under its decoded text, subtrees say what lies below them, damage is refused.
//===----------------------------------------------------------------------===//
#include "runtime/src/tokenizer/VocabularyTrie.h"
#include "test/runtime/tokenizer/CompiledTokenizer.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>

using namespace lapidary;

namespace {

CompiledTokenizer fixture() {
  Diagnostics diagnostics;
  return CompiledTokenizer(LAPIDARY_SOURCE_DIR "/test/data/fixtures/tokenizer", diagnostics);
}

const lap_vocabulary *trieOf(const CompiledTokenizer &tokenizer) {
  const char *block = reinterpret_cast<const char *>(tokenizer.get());
  return lap_vocabulary_open(block + tokenizer.get()->vocabulary_trie, tokenizer.get()->vocabulary_trie_bytes);
}

/// The node of a text; 0: none.
uint32_t find(const lap_vocabulary *trie, const std::string &text) {
  const lap_vocabulary_node *nodes = lap_vocabulary_nodes(trie);
  uint32_t at = 0;
  for (char c : text) {
    uint32_t child = at + 1, end = nodes[at].next_byte >> 8;
    while (child < end && uint8_t(nodes[child].next_byte) != uint8_t(c)) {
      child = nodes[child].next_byte >> 8;
    }
    if (child >= end) {
      return 0;
    }
    at = child;
  }
  return at;
}

std::string textOf(const CompiledTokenizer &tokenizer, uint32_t id) {
  std::string text(tokenizer.get()->max_piece_bytes + 4, 0);
  if (lap_decode_kind(tokenizer.get(), int32_t(id), 1) == LAP_PIECE_ONE_BYTE) {
    return std::string(1, char(lap_decode_byte(tokenizer.get(), int32_t(id))));
  }
  text.resize(lap_decode_piece(tokenizer.get(), int32_t(id), text.data()));
  return text;
}

} // namespace

TEST(VocabularyTrie, HoldsTheTextOfEveryTokenButSpecialOnes) {
  CompiledTokenizer tokenizer = fixture();
  const lap_vocabulary *trie = trieOf(tokenizer);
  ASSERT_NE(trie, nullptr);
  EXPECT_EQ(trie->flags, uint32_t(LAP_VOCABULARY_EVERY_BYTE));
  const lap_vocabulary_node *nodes = lap_vocabulary_nodes(trie);
  const uint32_t *tokens = lap_vocabulary_tokens(trie);
  uint32_t texts = 0;
  for (uint32_t id = 0; id < tokenizer.get()->pieces; ++id) {
    if (lap_decode_kind(tokenizer.get(), int32_t(id), 1) == LAP_PIECE_NOTHING) {
      EXPECT_EQ(std::count(tokens, tokens + trie->tokens, id), 0) << id;
      continue;
    }
    ++texts;
    uint32_t node = find(trie, textOf(tokenizer, id));
    ASSERT_NE(node, 0u) << id;
    const uint32_t *end = tokens + nodes[node + 1].first_token;
    EXPECT_NE(std::find(tokens + nodes[node].first_token, end, id), end) << id;
  }
  EXPECT_EQ(texts, trie->tokens);
  EXPECT_GT(texts, 400u);
}

TEST(VocabularyTrie, SaysWhatLiesBelow) {
  CompiledTokenizer tokenizer = fixture();
  const lap_vocabulary *trie = trieOf(tokenizer);
  ASSERT_NE(trie, nullptr);
  const lap_vocabulary_node *nodes = lap_vocabulary_nodes(trie);
  for (uint32_t node = 0; node < trie->nodes; ++node) {
    uint32_t classes = 0, most = 0, open[64] = {nodes[node].next_byte >> 8}, chars[64] = {0}, depth = 0;
    for (uint32_t at = node + 1; at < nodes[node].next_byte >> 8; ++at) {
      while (open[depth] <= at) {
        --depth;
      }
      uint32_t kind = lap_char_class(uint8_t(nodes[at].next_byte));
      classes |= kind < 32 ? 1u << kind : 0;
      chars[depth + 1] = chars[depth] + (kind < 32);
      open[++depth] = nodes[at].next_byte >> 8;
      most = std::max(most, chars[depth]);
    }
    EXPECT_EQ(nodes[node].below, classes << 6 | std::min<uint32_t>(most, LAP_VOCABULARY_MAX_CHARS)) << node;
  }
}

TEST(VocabularyTrie, RefusesDamage) {
  CompiledTokenizer tokenizer = fixture();
  const lap_vocabulary *trie = trieOf(tokenizer);
  ASSERT_NE(trie, nullptr);
  std::vector<uint64_t> copy(trie->total_bytes / 8);
  auto damaged = [&](void (*change)(lap_vocabulary &)) {
    std::memcpy(copy.data(), trie, trie->total_bytes);
    change(*reinterpret_cast<lap_vocabulary *>(copy.data()));
    return lap_vocabulary_open(copy.data(), trie->total_bytes) == nullptr;
  };
  EXPECT_FALSE(damaged([](lap_vocabulary &) {}));
  EXPECT_TRUE(damaged([](lap_vocabulary &v) { v.magic[0] = 'X'; }));
  EXPECT_TRUE(damaged([](lap_vocabulary &v) { ++v.version; }));
  EXPECT_TRUE(damaged([](lap_vocabulary &v) { ++v.nodes; }));
  EXPECT_TRUE(damaged([](lap_vocabulary &v) { v.nodes = 0; }));
  EXPECT_TRUE(damaged([](lap_vocabulary &v) { ++v.tokens; }));
  EXPECT_TRUE(damaged([](lap_vocabulary &v) { v.tokens = UINT32_MAX; }));
  EXPECT_TRUE(damaged([](lap_vocabulary &v) { v.node_list = UINT64_MAX - 3; }));
  EXPECT_TRUE(damaged([](lap_vocabulary &v) { v.token_list = v.total_bytes; }));
  EXPECT_TRUE(damaged([](lap_vocabulary &v) { ++v.total_bytes; }));
  EXPECT_EQ(lap_vocabulary_open(trie, 20), nullptr);
  EXPECT_EQ(lap_vocabulary_open(nullptr, 0), nullptr);
}
