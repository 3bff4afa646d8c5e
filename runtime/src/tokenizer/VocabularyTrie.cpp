//===- VocabularyTrie.cpp - open the trie of token texts ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// As for the tokenizer's tables: extents are checked, contents are our compiler's and covered by the program's hash.
//===----------------------------------------------------------------------===//
#include "runtime/src/tokenizer/VocabularyTrie.h"

#include <string.h>

static bool inside(uint64_t offset, uint64_t count, uint64_t size, uint64_t total) {
  return offset % 4 == 0 && offset <= total && count <= (total - offset) / size;
}

const lap_vocabulary *lap_vocabulary_open(const void *block, uint64_t bytes) {
  if (!block || bytes < sizeof(lap_vocabulary) || reinterpret_cast<uintptr_t>(block) % 8 != 0) {
    return nullptr;
  }
  const lap_vocabulary *v = static_cast<const lap_vocabulary *>(block);
  if (memcmp(v->magic, LAP_VOCABULARY_MAGIC, 8) != 0 || v->version != LAP_VOCABULARY_VERSION || v->nodes == 0 ||
      v->nodes > LAP_VOCABULARY_MAX_NODES || v->total_bytes > bytes) {
    return nullptr;
  }
  if (!inside(v->node_list, uint64_t(v->nodes) + 1, sizeof(lap_vocabulary_node), v->total_bytes) ||
      !inside(v->token_list, v->tokens, sizeof(uint32_t), v->total_bytes)) {
    return nullptr;
  }
  const lap_vocabulary_node *end = lap_vocabulary_nodes(v) + v->nodes;
  return end->first_token == v->tokens && end->next_byte >> 8 == v->nodes ? v : nullptr;
}
