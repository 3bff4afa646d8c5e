//===- MergeQueue.h - byte-pair merging of one span ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The heart of the encoder. A span is a doubly linked list of symbols; a heap holds the possible merges ordered by
// (rank, position), so the lowest rank goes first and the leftmost among equals. Merging n characters costs
// O(n log n) whatever the text, which is what keeps a megabyte of one letter below a second.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_TOKENIZER_MERGEQUEUE_H
#define LAPIDARY_RUNTIME_TOKENIZER_MERGEQUEUE_H

#include "runtime/src/tokenizer/TokenizerTables.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One symbol of the span; prev and next are indices, -1 at the ends. id is LAP_NO_ID once merged into its left. */
typedef struct lap_symbol {
  uint32_t id;
  int32_t prev, next;
} lap_symbol;

/* Merges symbols[count] (only id set; count < 2^31) until no merge applies. The result is the list that starts at
 * symbols[0] and follows next. heap: room for 2 * count entries. */
void lap_merge_span(const lap_tokenizer *tokenizer, lap_symbol *symbols, uint32_t count, uint64_t *heap);

#ifdef __cplusplus
}
#endif
#endif
