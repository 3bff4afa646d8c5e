//===- Attention.cpp - attention over the K/V caches --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A work block is up to 8 query rows (heads of one KV head, and tokens) that read the same keys. With at least as many
// blocks as lanes, a lane walks the slices of its blocks alone; decode over few keys cuts the heads into smaller blocks
// to get there. With fewer blocks (decode over many keys) the slices are shared among lanes: rounds of 16 slices, each
// lane keeping its results in its own scratch, and between barriers one lane per block folds them in. All ways fold the
// same results in the same order, so they give the same bits. Rows of several sequences read different keys: each is a
// block of its own, and as sequences differ in length, lanes claim such blocks.
//===----------------------------------------------------------------------===//
#include "AttentionBlocks.h"
#include "Claims.h"
#include "LaneScratch.h"
#include "RoundedRow.h"

#include <float.h>
#include <string.h>

using namespace lap;

namespace {

/// A lane's scratch; the layout behind attentionScratchBytes.
struct Scratch {
  float *query;        // [8][head_dim]; integers of 16 bits where the caches are int8
  float *queryStep;    // [8], what such an integer is worth
  int32_t *low, *high; // [8]
  float *maximum[2];   // [8], old and new in turns
  float *total[2];
  float *sum;     // [8][head_dim]
  float *results; // [16] of (maximum[8], total[8], sum[8][head_dim])
};

Scratch scratchOf(const Attention &a, uint32_t lane) {
  float *at = reinterpret_cast<float *>(laneScratch(a.step, lane));
  const uint64_t headDim = a.args->cache.head_dim;
  auto take = [&](uint64_t floats) {
    float *taken = at;
    at += floats;
    return taken;
  };
  Scratch s;
  s.query = take(AttentionQueries * headDim);
  s.queryStep = take(AttentionQueries);
  s.low = reinterpret_cast<int32_t *>(take(AttentionQueries));
  s.high = reinterpret_cast<int32_t *>(take(AttentionQueries));
  for (int i = 0; i < 2; ++i) {
    s.maximum[i] = take(AttentionQueries);
    s.total[i] = take(AttentionQueries);
  }
  s.sum = take(AttentionQueries * headDim);
  s.results = at;
  return s;
}

bool overIntegers(const Attention &a) { return a.args->cache.element == LAP_I8; }

/// Row q of the block is `head`, a query of head_dim floats.
void setQuery(const Attention &a, const Scratch &s, uint32_t q, const float *head) {
  const lap_cache &cache = a.args->cache;
  const uint64_t first = static_cast<uint64_t>(q) * cache.head_dim;
  if (overIntegers(a)) {
    s.queryStep[q] = roundRow(head, cache.head_dim, cache.key_step, reinterpret_cast<int16_t *>(s.query) + first);
  } else {
    memcpy(s.query + first, head, cache.head_dim * sizeof(float));
  }
}

/// Brings the block's query rows and their visible ranges into scratch; rows that fill up are the first token's again,
/// and see nothing.
void gather(const Attention &a, const AttentionBlock &b, const Scratch &s) {
  for (uint32_t q = 0; q < b.queries; ++q) {
    const uint32_t token = q / b.heads, head = b.firstHead + q % b.heads;
    const bool fillsUp = token >= b.tokens;
    const uint32_t row = fillsUp ? b.firstRow : b.firstRow + token, position = positionOf(a, row);
    setQuery(a, s, q, rowFloats(a.step, a.args->query, row) + static_cast<uint64_t>(head) * a.args->cache.head_dim);
    s.low[q] = fillsUp ? 1 : static_cast<int32_t>(lowestVisible(a, position));
    s.high[q] = fillsUp ? 0 : static_cast<int32_t>(position);
  }
}

/// Attends the gathered rows to slice `index` (of the block) and leaves (maximum, total, sum) at `result`.
void attendSlice(const Attention &a, const AttentionBlock &b, const Scratch &s, uint32_t index, float *result) {
  const lap_cache &cache = a.args->cache;
  const uint32_t sliceStart = (b.firstSlice + index) * LAP_ATTENTION_SLICE;
  const uint32_t begin = (sliceStart > b.firstPosition ? sliceStart : b.firstPosition) / KeyBlock * KeyBlock;
  const uint32_t sliceLast = sliceStart + LAP_ATTENTION_SLICE - 1;
  const uint32_t last = sliceLast < b.lastPosition ? sliceLast : b.lastPosition;
  const int32_t keyBlocks = static_cast<int32_t>((last - begin) / KeyBlock + 1);
  const int32_t ringBlocks = static_cast<int32_t>(cache.slots / KeyBlock);
  const int64_t headDim = cache.head_dim, queries = b.queries;
  const uint64_t headBytes = static_cast<uint64_t>(cache.slots) * cache.head_dim * elementBytes(cache);

  Array query(s.query, {headDim, 1}, {queries, headDim});
  Array key(b.caches + cache.key_offset + b.kvHead * headBytes, {KeyBlock, 1}, {headDim, KeyBlock},
            {ringBlocks, headDim * KeyBlock});
  Array value(b.caches + cache.value_offset + b.kvHead * headBytes, {ValueColumns, 1}, {KeyBlock, ValueColumns},
              {ringBlocks, KeyBlock * ValueColumns}, {headDim / ValueColumns, cache.slots * ValueColumns});
  Array low(s.low, {queries, 1}), high(s.high, {queries, 1});
  Array maximum(result, {queries, 1}), total(result + AttentionQueries, {queries, 1});
  Array sum(result + 2 * AttentionQueries, {ValueColumns, 1}, {headDim / ValueColumns, ValueColumns},
            {queries, headDim});
  const int32_t position = static_cast<int32_t>(begin), slot = static_cast<int32_t>(begin % cache.slots / KeyBlock);
  if (overIntegers(a)) {
    Array step(s.queryStep, {queries, 1});
    kernelCast<AttentionSliceIntegerKernel>(a.slice)(query, step, key, value, low, high, position, slot, keyBlocks,
                                                     ringBlocks, maximum, total, sum);
  } else {
    kernelCast<AttentionSliceKernel>(a.slice)(query, key, value, low, high, position, slot, keyBlocks, ringBlocks,
                                              maximum, total, sum);
  }
  a.timer->read(2 * uint64_t(keyBlocks) * KeyBlock * cache.head_dim * elementBytes(cache)); // keys and values
}

void clearState(const Attention &a, const Scratch &s) {
  for (uint32_t q = 0; q < AttentionQueries; ++q) {
    s.maximum[0][q] = -FLT_MAX;
    s.total[0][q] = 0.0f;
  }
  memset(s.sum, 0, static_cast<uint64_t>(AttentionQueries) * a.args->cache.head_dim * sizeof(float));
}

/// Folds a slice's result into the state; `turn` (0 or 1) says where the old maximum and total are.
void fold(const Attention &a, const AttentionBlock &b, const Scratch &s, uint32_t turn, float *result) {
  const int64_t headDim = a.args->cache.head_dim, queries = b.queries;
  Array oldMaximum(s.maximum[turn], {queries, 1}), oldTotal(s.total[turn], {queries, 1});
  Array newMaximum(s.maximum[1 - turn], {queries, 1}), newTotal(s.total[1 - turn], {queries, 1});
  Array sliceMaximum(result, {queries, 1}), sliceTotal(result + AttentionQueries, {queries, 1});
  Array sum(s.sum, {headDim, 1}, {queries, headDim});
  Array sliceSum(result + 2 * AttentionQueries, {headDim, 1}, {queries, headDim});
  a.merge(oldMaximum, oldTotal, sliceMaximum, sliceTotal, sum, sliceSum, newMaximum, newTotal, sum);
}

/// out = sum / total for the block's rows, after an even or odd number of folds.
void writeOut(const Attention &a, const AttentionBlock &b, const Scratch &s, uint32_t turn) {
  const lap_cache &cache = a.args->cache;
  const uint32_t headDim = cache.head_dim;
  for (uint32_t q = 0; q < b.heads * b.tokens; ++q) {
    const float total = s.total[turn][q], scale = cache.element == LAP_I8 ? cache.value_step : 1.0f;
    const float *sum = s.sum + static_cast<uint64_t>(q) * headDim;
    float *out = rowFloats(a.step, a.args->out, b.firstRow + q / b.heads) +
                 static_cast<uint64_t>(b.firstHead + q % b.heads) * headDim;
    for (uint32_t d = 0; d < headDim; ++d) {
      out[d] = sum[d] / total * scale;
    }
  }
}

/// One lane walks the slices of a block.
void attendBlock(const Attention &a, uint32_t index) {
  const Scratch s = scratchOf(a, a.lane);
  const AttentionBlock b = attentionBlock(a, index);
  gather(a, b, s);
  clearState(a, s);
  for (uint32_t slice = 0; slice < b.slices; ++slice) {
    attendSlice(a, b, s, slice, s.results);
    fold(a, b, s, slice % 2, s.results);
  }
  writeOut(a, b, s, b.slices % 2);
}

/// Every lane has an equal share of the blocks.
void attendBlocks(const Attention &a) {
  const Range blocks = share(a.blocks, a.lane, a.lanes);
  for (uint64_t index = blocks.begin; index < blocks.end; ++index) {
    attendBlock(a, static_cast<uint32_t>(index));
  }
}

/// The same for rows of several sequences, which may differ a lot in length.
void attendSequences(const Attention &a) {
  Claims claims(a.step, a.blocks, a.lane, a.lanes);
  for (uint32_t index; claims.next(index);) {
    attendBlock(a, index);
  }
}

/// The scratch of a slice's result in a round: items (block, slice of the round) go to the lanes in turns.
float *resultOf(const Attention &a, uint32_t item) {
  const uint64_t floats = attentionResultFloats(a.args->cache.head_dim);
  return scratchOf(a, item % a.lanes).results + item / a.lanes * floats;
}

/// Fewer blocks than lanes: the lanes share the slices. Block b's state is in lane b's scratch.
void attendSlices(const Attention &a) {
  const Scratch s = scratchOf(a, a.lane);
  const bool folds = a.lane < a.blocks;
  uint32_t mostSlices = 0, gathered = a.blocks;
  for (uint32_t index = 0; index < a.blocks; ++index) {
    const uint32_t slices = attentionBlock(a, index).slices;
    mostSlices = slices > mostSlices ? slices : mostSlices;
  }
  if (folds) {
    clearState(a, s);
  }
  for (uint32_t round = 0; round < mostSlices; round += AttentionRoundSlices) {
    for (uint32_t item = a.lane; item < a.blocks * AttentionRoundSlices; item += a.lanes) {
      const uint32_t index = item / AttentionRoundSlices, slice = round + item % AttentionRoundSlices;
      const AttentionBlock b = attentionBlock(a, index);
      if (slice < b.slices) {
        if (index != gathered) {
          gather(a, b, s);
          gathered = index;
        }
        attendSlice(a, b, s, slice, resultOf(a, item));
      }
    }
    lap_op_barrier(a.step, a.lane, a.lanes);
    if (folds) {
      const AttentionBlock b = attentionBlock(a, a.lane);
      for (uint32_t slice = round; slice < b.slices && slice < round + AttentionRoundSlices; ++slice) {
        fold(a, b, s, slice % 2, resultOf(a, a.lane * AttentionRoundSlices + slice - round));
      }
      if (b.slices > round && b.slices <= round + AttentionRoundSlices) {
        writeOut(a, b, s, b.slices % 2);
      }
    }
    // Nobody may reuse its scratch, in the next round or the next op, before the folding lanes have read it.
    lap_op_barrier(a.step, a.lane, a.lanes);
  }
}

} // namespace

extern "C" void lap_op_attention(const lap_step *step, const lap_attention_args *args, lap_kernel *slice,
                                 lap_kernel *merge, uint32_t lane, uint32_t lanes) {
  const OpTimer timer(step, lane, args->cache.window ? "window_attention" : "attention");
  Attention a = describeAttention(step, args, lane, lanes);
  a.timer = &timer;
  a.slice = slice;
  a.merge = kernelCast<AttentionMergeKernel>(merge);
  (a.blocks < lanes ? attendSlices : step->places ? attendSequences : attendBlocks)(a);
  if (lane == lanes - 1) {
    for (uint32_t row = 0; row < a.rows; ++row) {
      zeroPadding(step, args->out, row, args->heads * args->cache.head_dim);
    }
  }
}
