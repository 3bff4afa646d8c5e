//===- Attention.cpp - K/V cache writes and attention ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A work block is up to 8 query rows (heads of one KV head, and tokens) that read the same keys. With at least as many
// blocks as lanes, a lane walks the slices of its blocks alone; decode over few keys cuts the heads into smaller blocks
// to get there. With fewer blocks (decode over many keys) the slices are shared among lanes: rounds of 16 slices, each
// lane keeping its results in its own scratch, and between barriers one lane per block folds them in. All ways fold the
// same results in the same order, so they give the same bits. Rows of several sequences read different keys: each is a
// block of its own, and as sequences differ in length, lanes claim such blocks.
//===----------------------------------------------------------------------===//
#include "Claims.h"
#include "Kernels.h"
#include "LaneScratch.h"
#include "Observe.h"
#include "Work.h"
#include "runtime/src/Profile.h"

#include <float.h>
#include <string.h>

using namespace lap;

namespace {

constexpr uint32_t KeyBlock = LAP_ROW_TILE;    // positions of one block of the caches
constexpr uint32_t ShortSlices = 4;            // up to so many slices a decode step's lanes share heads, not slices
constexpr int64_t ValueColumns = LAP_ROW_TILE; // columns of one block of the V cache

uint64_t elementBytes(const lap_cache &cache) {
  return cache.element == LAP_F32 ? 4 : cache.element == LAP_BF16 ? 2 : 1;
}

struct Attention {
  const lap_step *step;
  const lap_attention_args *args;
  AttentionSliceKernel *slice;
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
struct Block {
  uint32_t kvHead, firstHead, heads; // firstHead: absolute query head
  uint32_t firstRow, tokens;
  const uint8_t *caches;                // of the block's sequence
  uint32_t queries;                     // rows of the kernel call: heads * tokens rounded up to 1, 2, 4 or 8
  uint32_t firstPosition, lastPosition; // visible to any row
  uint32_t firstSlice, slices;
};

/// A lane's scratch; the layout behind attentionScratchBytes.
struct Scratch {
  float *query;        // [8][head_dim]
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

Attention describe(const lap_step *step, const lap_attention_args *args, uint32_t lane, uint32_t lanes) {
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

uint32_t positionOf(const Attention &a, uint32_t row) { return lap::positionOf(a.step, a.args->query, row); }

/// First position that the query at `position` sees.
uint32_t lowest(const Attention &a, uint32_t position) {
  const uint32_t window = a.args->cache.window;
  return window && position >= window ? position - window + 1 : 0;
}

Block blockAt(const Attention &a, uint32_t index) {
  Block b;
  // KV heads outside, so that a lane's neighbouring blocks read the same keys.
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
  b.firstPosition = lowest(a, positionOf(a, b.firstRow));
  b.lastPosition = positionOf(a, b.firstRow + b.tokens - 1);
  b.firstSlice = b.firstPosition / LAP_ATTENTION_SLICE;
  b.slices = b.lastPosition / LAP_ATTENTION_SLICE - b.firstSlice + 1;
  return b;
}

/// Copies the block's query rows and their visible ranges into scratch; rows that fill up see nothing.
void gather(const Attention &a, const Block &b, const Scratch &s) {
  const uint32_t headDim = a.args->cache.head_dim;
  for (uint32_t q = 0; q < b.queries; ++q) {
    float *query = s.query + static_cast<uint64_t>(q) * headDim;
    const uint32_t token = q / b.heads;
    if (token >= b.tokens) {
      memset(query, 0, headDim * sizeof(float));
      s.low[q] = 1;
      s.high[q] = 0;
      continue;
    }
    const uint32_t row = b.firstRow + token, position = positionOf(a, row);
    const float *heads = rowFloats(a.step, a.args->query, row);
    const float *head = heads + static_cast<uint64_t>(b.firstHead + q % b.heads) * headDim;
    const float scale = a.args->cache.element == LAP_I8 ? a.args->cache.key_step : 1.0f;
    for (uint32_t d = 0; d < headDim; ++d) {
      query[d] = head[d] * scale; // the keys are integers
    }
    s.low[q] = static_cast<int32_t>(lowest(a, position));
    s.high[q] = static_cast<int32_t>(position);
  }
}

/// Attends the gathered rows to slice `index` (of the block) and leaves (maximum, total, sum) at `result`.
void attendSlice(const Attention &a, const Block &b, const Scratch &s, uint32_t index, float *result) {
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
  a.slice(query, key, value, low, high, static_cast<int32_t>(begin),
          static_cast<int32_t>(begin % cache.slots / KeyBlock), keyBlocks, ringBlocks, maximum, total, sum);
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
void fold(const Attention &a, const Block &b, const Scratch &s, uint32_t turn, float *result) {
  const int64_t headDim = a.args->cache.head_dim, queries = b.queries;
  Array oldMaximum(s.maximum[turn], {queries, 1}), oldTotal(s.total[turn], {queries, 1});
  Array newMaximum(s.maximum[1 - turn], {queries, 1}), newTotal(s.total[1 - turn], {queries, 1});
  Array sliceMaximum(result, {queries, 1}), sliceTotal(result + AttentionQueries, {queries, 1});
  Array sum(s.sum, {headDim, 1}, {queries, headDim});
  Array sliceSum(result + 2 * AttentionQueries, {headDim, 1}, {queries, headDim});
  a.merge(oldMaximum, oldTotal, sliceMaximum, sliceTotal, sum, sliceSum, newMaximum, newTotal, sum);
}

/// out = sum / total for the block's rows, after an even or odd number of folds.
void writeOut(const Attention &a, const Block &b, const Scratch &s, uint32_t turn) {
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
  const Block b = blockAt(a, index);
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
  uint32_t mostSlices = 0;
  for (uint32_t index = 0; index < a.blocks; ++index) {
    const uint32_t slices = blockAt(a, index).slices;
    mostSlices = slices > mostSlices ? slices : mostSlices;
  }
  if (folds) {
    clearState(a, s);
  }
  for (uint32_t round = 0; round < mostSlices; round += AttentionRoundSlices) {
    for (uint32_t item = a.lane; item < a.blocks * AttentionRoundSlices; item += a.lanes) {
      const Block b = blockAt(a, item / AttentionRoundSlices);
      const uint32_t slice = round + item % AttentionRoundSlices;
      if (slice < b.slices) {
        gather(a, b, s);
        attendSlice(a, b, s, slice, resultOf(a, item));
      }
    }
    lap_op_barrier(a.step, a.lane, a.lanes);
    if (folds) {
      const Block b = blockAt(a, a.lane);
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

extern "C" void lap_op_kv_append(const lap_step *step, const lap_kv_append_args *args, lap_kernel *kv_append,
                                 uint32_t lane, uint32_t lanes) {
  const OpTimer timer(step, lane, "kv_append");
  const lap_cache &cache = args->cache;
  const uint64_t bytes = elementBytes(cache);
  const int64_t headDim = cache.head_dim;
  const Range items = share(static_cast<uint64_t>(rowsOf(step, args->key)) * cache.kv_heads, lane, lanes);
  if (step->observer) {
    observeCache(step, cache, args->key, RangeOf::Keys, items);
    observeCache(step, cache, args->value, RangeOf::Values, items);
  }
  for (uint64_t item = items.begin; item < items.end; ++item) {
    const uint32_t row = static_cast<uint32_t>(item / cache.kv_heads);
    const uint64_t head = item % cache.kv_heads;
    const uint64_t slot = positionOf(step, args->key, row) % cache.slots;
    uint8_t *caches = cachesOf(step, args->key, row);
    const uint64_t start = head * cache.slots * cache.head_dim;
    const uint64_t keyElement = start + slot / KeyBlock * KeyBlock * cache.head_dim + slot % KeyBlock;
    Array key(rowFloats(step, args->key, row) + head * cache.head_dim, {headDim, 1});
    const int64_t parts = headDim / ValueColumns;
    Array value(rowFloats(step, args->value, row) + head * cache.head_dim, {ValueColumns, 1}, {parts, ValueColumns});
    Array keyOut(caches + cache.key_offset + keyElement * bytes, {headDim, KeyBlock});
    Array valueOut(caches + cache.value_offset + (start + slot * ValueColumns) * bytes, {ValueColumns, 1},
                   {parts, cache.slots * ValueColumns});
    if (cache.element == LAP_I8) {
      kernelCast<KvAppendIntegerKernel>(kv_append)(key, value, cache.key_step, cache.value_step, keyOut, valueOut);
    } else {
      kernelCast<KvAppendKernel>(kv_append)(key, value, keyOut, valueOut);
    }
  }
}

extern "C" void lap_op_attention(const lap_step *step, const lap_attention_args *args, lap_kernel *slice,
                                 lap_kernel *merge, uint32_t lane, uint32_t lanes) {
  const OpTimer timer(step, lane, args->cache.window ? "window_attention" : "attention");
  Attention a = describe(step, args, lane, lanes);
  a.timer = &timer;
  a.slice = kernelCast<AttentionSliceKernel>(slice);
  a.merge = kernelCast<AttentionMergeKernel>(merge);
  (a.blocks < lanes ? attendSlices : step->places ? attendSequences : attendBlocks)(a);
  if (lane == lanes - 1) {
    for (uint32_t row = 0; row < a.rows; ++row) {
      zeroPadding(step, args->out, row, args->heads * args->cache.head_dim);
    }
  }
}
