//===- AttentionBlocks.h - how attention is cut into work ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A work block is up to 8 query rows (heads of one KV head, and tokens) that read the same keys. Attention.cpp says who
// works on which.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CPU_ATTENTIONBLOCKS_H
#define LAPIDARY_RUNTIME_CPU_ATTENTIONBLOCKS_H

#include "Kernels.h"
#include "Work.h"
#include "runtime/src/Profile.h"

namespace lap {

constexpr uint32_t KeyBlock = LAP_ROW_TILE;    // positions of one block of the caches
constexpr int64_t ValueColumns = LAP_ROW_TILE; // columns of one block of the V cache

inline uint64_t elementBytes(const lap_cache &cache) {
  return cache.element == LAP_F32 ? 4 : cache.element == LAP_BF16 ? 2 : 1;
}

/// One attention op of one lane.
struct Attention {
  const lap_step *step;
  const lap_attention_args *args;
  lap_kernel *slice; // AttentionSliceKernel, or AttentionSliceIntegerKernel where the caches are int8
  AttentionMergeKernel *merge;
  const OpTimer *timer;
  uint32_t lane, lanes;
  uint32_t rows;        // query rows (tokens) of the call
  uint32_t groupHeads;  // query heads of a KV head
  uint32_t blockHeads;  // of a work block
  uint32_t blockTokens; // of a work block
  uint32_t headBlocks;  // of one KV head
  uint32_t tokenBlocks;
  uint32_t blocks;
};

/// One work block.
struct AttentionBlock {
  uint32_t kvHead, firstHead, heads; // firstHead: absolute query head
  uint32_t firstRow, tokens;
  const uint8_t *caches;                // of the block's sequence
  uint32_t queries;                     // rows of the kernel call: heads * tokens rounded up to 1, 2, 4 or 8
  uint32_t firstPosition, lastPosition; // visible to any row
  uint32_t firstSlice, slices;
};

/// The op cut into blocks; kernels and timer are left null.
Attention describeAttention(const lap_step *step, const lap_attention_args *args, uint32_t lane, uint32_t lanes);

/// Block `index` of a.blocks. KV heads are outside, so that a lane's neighbouring blocks read the same keys.
AttentionBlock attentionBlock(const Attention &a, uint32_t index);

/// Position of query row `row`, and the first that a query at `position` sees.
inline uint32_t positionOf(const Attention &a, uint32_t row) { return positionOf(a.step, a.args->query, row); }
inline uint32_t lowestVisible(const Attention &a, uint32_t position) {
  const uint32_t window = a.args->cache.window;
  return window && position >= window ? position - window + 1 : 0;
}

} // namespace lap

#endif // LAPIDARY_RUNTIME_CPU_ATTENTIONBLOCKS_H
