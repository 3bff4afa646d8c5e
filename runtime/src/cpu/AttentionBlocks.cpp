//===- AttentionBlocks.cpp - how attention is cut into work ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See AttentionBlocks.h. Decode over few keys cuts the heads of a KV head into smaller blocks, until every lane has
// one.
//===----------------------------------------------------------------------===//
#include "AttentionBlocks.h"

#include "LaneScratch.h"

namespace lap {

namespace {

constexpr uint32_t ShortSlices = 4; // up to so many slices a decode step's lanes share heads, not slices

void cutIntoBlocks(Attention &a, uint32_t blockHeads) {
  a.blockHeads = blockHeads;
  a.blockTokens = a.step->places ? 1 : AttentionQueries / blockHeads;
  a.headBlocks = (a.groupHeads + blockHeads - 1) / blockHeads;
  a.tokenBlocks = (a.rows + a.blockTokens - 1) / a.blockTokens;
  a.blocks = a.tokenBlocks * a.args->cache.kv_heads * a.headBlocks;
}

/// Keys that the row that sees most of them sees.
uint32_t mostKeys(const Attention &a) {
  const lap_buffer &query = a.args->query;
  uint32_t last = positionOf(a.step, query, a.rows - 1);
  for (uint32_t row = 0; a.step->places && row < a.rows; ++row) {
    const uint32_t position = positionOf(a.step, query, row);
    last = position > last ? position : last;
  }
  const uint32_t window = a.args->cache.window;
  return window && window <= last ? window : last + 1;
}

} // namespace

Attention describeAttention(const lap_step *step, const lap_attention_args *args, uint32_t lane, uint32_t lanes) {
  Attention a = {};
  a.step = step;
  a.args = args;
  a.lane = lane;
  a.lanes = lanes;
  a.rows = rowsOf(step, args->query);
  a.groupHeads = args->heads / args->cache.kv_heads;
  cutIntoBlocks(a, a.groupHeads < AttentionQueries ? a.groupHeads : AttentionQueries);
  // Decode over few keys: lanes that share heads read the same keys, but need no barrier between them.
  const bool decodes = a.rows == 1 || step->places;
  while (decodes && a.blocks < lanes && a.blockHeads > 1 && mostKeys(a) < ShortSlices * LAP_ATTENTION_SLICE) {
    cutIntoBlocks(a, (a.blockHeads + 1) / 2);
  }
  return a;
}

AttentionBlock attentionBlock(const Attention &a, uint32_t index) {
  AttentionBlock b;
  const uint32_t tokenBlock = index % a.tokenBlocks, headBlock = index / a.tokenBlocks;
  b.kvHead = headBlock / a.headBlocks;
  const uint32_t headInGroup = headBlock % a.headBlocks * a.blockHeads;
  b.firstHead = b.kvHead * a.groupHeads + headInGroup;
  b.heads = a.groupHeads - headInGroup < a.blockHeads ? a.groupHeads - headInGroup : a.blockHeads;
  b.firstRow = tokenBlock * a.blockTokens;
  b.tokens = a.rows - b.firstRow < a.blockTokens ? a.rows - b.firstRow : a.blockTokens;
  b.caches = cachesOf(a.step, a.args->query, b.firstRow);
  b.queries = 1;
  while (b.queries < b.heads * b.tokens) {
    b.queries *= 2;
  }
  b.firstPosition = lowestVisible(a, positionOf(a, b.firstRow));
  b.lastPosition = positionOf(a, b.firstRow + b.tokens - 1);
  b.firstSlice = b.firstPosition / LAP_ATTENTION_SLICE;
  b.slices = b.lastPosition / LAP_ATTENTION_SLICE - b.firstSlice + 1;
  return b;
}

} // namespace lap
