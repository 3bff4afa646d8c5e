//===- TokenizerTablesTest.cpp - opening and searching the tables --------===//
// SPDX-License-Identifier: Apache-2.0
//
// A block that was cut, moved or belongs to another version must be refused when it is opened; after that every piece
// and merge of the model must be found.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/TokenizerWriter.h"
#include "test/runtime/tokenizer/CompiledTokenizer.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace lapidary;

namespace {

const std::string fixture = LAPIDARY_SOURCE_DIR "/test/data/fixtures/tokenizer";

struct TokenizerTables : testing::Test {
  Diagnostics diags;
  std::optional<TokenizerModel> model = readTokenizer(fixture, diags);
  std::vector<char> block = writeTokenizerTables(*model);
  lap_tokenizer *header() { return reinterpret_cast<lap_tokenizer *>(block.data()); }
  bool opens() { return lap_tokenizer_open(block.data(), block.size()) != nullptr; }
};

TEST_F(TokenizerTables, FindEveryPieceAndMerge) {
  const lap_tokenizer *tables = lap_tokenizer_open(block.data(), block.size());
  ASSERT_NE(tables, nullptr);
  for (uint32_t id = 0; id < model->vocabularySize; ++id) {
    const std::string &piece = model->pieces[id];
    EXPECT_EQ(lap_tokenizer_find(tables, piece.data(), piece.size()), id);
    uint32_t bytes;
    const char *text = lap_tokenizer_piece(tables, id, &bytes);
    EXPECT_EQ(std::string(text, bytes), piece);
  }
  for (uint32_t rank = 0; rank < model->merges.size(); ++rank) {
    EXPECT_EQ(lap_tokenizer_rank(tables, model->merges[rank].left, model->merges[rank].right), rank);
  }
  EXPECT_EQ(lap_tokenizer_find(tables, "no such piece", 13), LAP_NO_ID);
  EXPECT_EQ(lap_tokenizer_rank(tables, 0, 0), LAP_NO_ID);
  EXPECT_GT(model->merges.size(), 100u);
}

TEST_F(TokenizerTables, AreTheSameEveryTime) { EXPECT_EQ(block, writeTokenizerTables(*model)); }

TEST_F(TokenizerTables, RefuseACutBlock) {
  EXPECT_TRUE(opens());
  EXPECT_EQ(lap_tokenizer_open(block.data(), block.size() - 1), nullptr);
  EXPECT_EQ(lap_tokenizer_open(block.data(), sizeof(lap_tokenizer) - 1), nullptr);
  EXPECT_EQ(lap_tokenizer_open(nullptr, 0), nullptr);
}

TEST_F(TokenizerTables, RefuseAnUnalignedBlock) {
  std::vector<char> moved(block.size() + 8);
  std::memcpy(moved.data() + 1, block.data(), block.size());
  EXPECT_EQ(lap_tokenizer_open(moved.data() + 1, block.size()), nullptr);
}

TEST_F(TokenizerTables, RefuseAnotherMagicOrVersion) {
  ++header()->version;
  EXPECT_FALSE(opens());
  --header()->version;
  EXPECT_TRUE(opens());
  header()->magic[0] = 'X';
  EXPECT_FALSE(opens());
}

TEST_F(TokenizerTables, RefuseSectionsOutsideTheBlock) {
  uint64_t lap_tokenizer::*const sections[] = {
      &lap_tokenizer::piece_offsets, &lap_tokenizer::piece_text,      &lap_tokenizer::piece_flags,
      &lap_tokenizer::merge_list,    &lap_tokenizer::merge_slots,     &lap_tokenizer::vocabulary_slots,
      &lap_tokenizer::trie_nodes,    &lap_tokenizer::trie_edge_bytes, &lap_tokenizer::trie_edge_nodes};
  for (auto section : sections) {
    uint64_t good = header()->*section;
    for (uint64_t bad : {uint64_t(block.size()), ~uint64_t(7), good + 1}) {
      header()->*section = bad;
      EXPECT_FALSE(opens());
    }
    header()->*section = good;
    EXPECT_TRUE(opens());
  }
  for (uint32_t lap_tokenizer::*count :
       {&lap_tokenizer::pieces, &lap_tokenizer::merges, &lap_tokenizer::trie_edges_count,
        &lap_tokenizer::vocabulary_bits, &lap_tokenizer::prefix_count}) {
    uint32_t good = header()->*count;
    header()->*count = 0xFFFFFFFFu;
    EXPECT_FALSE(opens());
    header()->*count = good;
  }
  EXPECT_TRUE(opens());
}

} // namespace
