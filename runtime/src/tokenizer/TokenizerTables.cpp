//===- TokenizerTables.cpp - open and look up the compiled tokenizer -----===//
// SPDX-License-Identifier: Apache-2.0
//
// Opening checks extents only: the block was written by our own compiler and is covered by the program's hash
// (`verify`). The two look-ups are the inner loops of the encoder; each is one or two cache lines.
//===----------------------------------------------------------------------===//
#include "runtime/src/tokenizer/TokenizerTables.h"

#include <string.h>

namespace {

struct Section {
  uint64_t offset, count, size;
};

bool inside(const Section &section, uint64_t total) {
  return section.offset % LAP_TOKENIZER_ALIGN == 0 && section.offset <= total &&
         section.count * section.size <= total - section.offset;
}

template <typename T> const T *at(const lap_tokenizer *tokenizer, uint64_t offset) {
  return reinterpret_cast<const T *>(reinterpret_cast<const char *>(tokenizer) + offset);
}

bool extentsHold(const lap_tokenizer *t) {
  if (t->vocabulary_bits - 1 > 30 || t->merge_bits - 1 > 30 || t->prefix_count > LAP_TOKENIZER_MAX_AFFIX ||
      t->suffix_count > LAP_TOKENIZER_MAX_AFFIX) {
    return false;
  }
  // Counts are 32-bit and sizes small, so the products fit 64 bits.
  const Section sections[] = {
      {t->piece_offsets, uint64_t(t->pieces) + 1, 4},
      {t->piece_flags, t->pieces, 1},
      {t->vocabulary_slots, uint64_t(1) << t->vocabulary_bits, 4},
      {t->merge_list, t->merges, sizeof(lap_merge)},
      {t->merge_slots, uint64_t(1) << t->merge_bits, 4},
      {t->trie_nodes, t->trie_nodes_count, sizeof(lap_trie_node)},
      {t->trie_edge_bytes, t->trie_edges_count, 1},
      {t->trie_edge_nodes, t->trie_edges_count, 4},
      {t->vocabulary_trie, t->vocabulary_trie_bytes, 1},
  };
  for (const Section &section : sections) {
    if (!inside(section, t->total_bytes)) {
      return false;
    }
  }
  return inside({t->piece_text, at<uint32_t>(t, t->piece_offsets)[t->pieces], 1}, t->total_bytes);
}

} // namespace

const lap_tokenizer *lap_tokenizer_open(const void *block, uint64_t bytes) {
  if (!block || bytes < sizeof(lap_tokenizer) || reinterpret_cast<uintptr_t>(block) % LAP_TOKENIZER_ALIGN != 0) {
    return nullptr;
  }
  const lap_tokenizer *tokenizer = static_cast<const lap_tokenizer *>(block);
  if (memcmp(tokenizer->magic, LAP_TOKENIZER_MAGIC, 8) != 0 || tokenizer->version != LAP_TOKENIZER_VERSION ||
      tokenizer->total_bytes < sizeof(lap_tokenizer) || tokenizer->total_bytes > bytes) {
    return nullptr;
  }
  return extentsHold(tokenizer) ? tokenizer : nullptr;
}

const char *lap_tokenizer_piece(const lap_tokenizer *tokenizer, uint32_t id, uint32_t *out_bytes) {
  const uint32_t *offsets = at<uint32_t>(tokenizer, tokenizer->piece_offsets);
  *out_bytes = offsets[id + 1] - offsets[id];
  return at<char>(tokenizer, tokenizer->piece_text) + offsets[id];
}

uint32_t lap_tokenizer_find(const lap_tokenizer *tokenizer, const char *text, size_t bytes) {
  const uint32_t *slots = at<uint32_t>(tokenizer, tokenizer->vocabulary_slots);
  uint32_t mask = (uint32_t(1) << tokenizer->vocabulary_bits) - 1;
  for (uint32_t slot = lap_piece_slot(text, bytes, tokenizer->vocabulary_bits);; slot = (slot + 1) & mask) {
    uint32_t id = slots[slot];
    if (id == LAP_NO_ID) {
      return LAP_NO_ID;
    }
    uint32_t length;
    const char *piece = lap_tokenizer_piece(tokenizer, id, &length);
    if (length == bytes && memcmp(piece, text, bytes) == 0) {
      return id;
    }
  }
}

uint32_t lap_tokenizer_rank(const lap_tokenizer *tokenizer, uint32_t left, uint32_t right) {
  const uint32_t *slots = at<uint32_t>(tokenizer, tokenizer->merge_slots);
  const lap_merge *merges = at<lap_merge>(tokenizer, tokenizer->merge_list);
  uint32_t mask = (uint32_t(1) << tokenizer->merge_bits) - 1;
  for (uint32_t slot = lap_merge_slot(left, right, tokenizer->merge_bits);; slot = (slot + 1) & mask) {
    uint32_t rank = slots[slot];
    if (rank == LAP_NO_ID || (merges[rank].left == left && merges[rank].right == right)) {
      return rank;
    }
  }
}
