//===- AttentionSlice.h - attention over one slice of a bf16 cache --------===//
// SPDX-License-Identifier: Apache-2.0
//
// The kernel of targets/common/algorithms/Attention.h (AttentionSlice), addition by addition, for AVX-512. Over long
// contexts its arithmetic takes about as long as memory takes to bring keys and values, so it pays to ask for memory
// early: keys come in blocks, values in blocks of columns, 16 KiB from a place each, and a core starts anew at every
// one. Halide can prefetch whole blocks between loops or what lies ahead in a loop, not the next block line by line
// while this one is multiplied; hence by hand.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_X86_KERNELS_ATTENTIONSLICE_H
#define LAPIDARY_TARGETS_X86_KERNELS_ATTENTIONSLICE_H

#include "lapidary/ProgramAbi.h"
#include "runtime/src/cpu/Kernels.h"
#include "targets/common/kernels/Unroll.h"
#include "targets/x86/kernels/Floats.h"

#include <float.h>
#include <stdint.h>

namespace lap::x86 {

using kernels::unrolled;

constexpr int Keys = LAP_ROW_TILE;                     // of a block, and columns of a block of values
constexpr int MostBlocks = LAP_ATTENTION_SLICE / Keys; // of a slice
constexpr int MostQueries = 8;

/// Scores, then weights, of a slice: a vector of 16 keys for every block and query.
struct Scores {
  alignas(64) float values[MostBlocks][MostQueries][Keys];
};

/// A slice of one KV head's cache.
struct Slice {
  const float *queries; // [query][dim]
  int dim;
  const uint16_t *keys;   // [ring block][dim][16 keys]
  const uint16_t *values; // [part][ring block][16 keys][16 columns]
  int64_t partElements;   // distance of parts
  int position;           // of the first key
  int firstBlock, blocks, ringBlocks;

  LAPIDARY_INLINE int slot(int block) const {
    const int at = firstBlock + block;
    return at >= ringBlocks ? at - ringBlocks : at;
  }
  LAPIDARY_INLINE const uint16_t *keyBlock(int block) const {
    return keys + static_cast<int64_t>(slot(block)) * dim * Keys;
  }
  LAPIDARY_INLINE const uint16_t *valueBlock(int part, int block) const {
    return values + part * partElements + static_cast<int64_t>(slot(block)) * Keys * Keys;
  }
};

/// Asks for the line of an address; an address that is not mapped does no harm.
LAPIDARY_INLINE void fetch(const uint16_t *address) { __builtin_prefetch(address, 0, 2); }

/// The scores of `Blocks` neighbouring blocks for `Queries` queries; `next`: the keys or values to be read after these.
template <int Queries, int Blocks>
LAPIDARY_INLINE void score(const Slice &slice, int block, const uint16_t *const next[2], Scores &scores) {
  F32 sums[Blocks][Queries];
  const uint16_t *keys[Blocks];
  unrolled<Blocks>([&](auto b) {
    keys[b] = slice.keyBlock(block + b);
    unrolled<Queries>([&](auto q) { sums[b][q] = splat(0.0f); });
  });
  for (int d = 0; d < slice.dim; d += 2) { // a line of every block
    unrolled<Blocks>([&](auto b) { fetch(next[b] + d * Keys); });
    unrolled<2>([&](auto odd) {
      F32 key[Blocks];
      unrolled<Blocks>([&](auto b) { key[b] = fromBf16(keys[b] + (d + odd) * Keys); });
      unrolled<Queries>([&](auto q) {
        const F32 query = splat(slice.queries[q * slice.dim + d + odd]);
        unrolled<Blocks>([&](auto b) { sums[b][q] = fusedMulAdd(key[b], query, sums[b][q]); });
      });
    });
  }
  unrolled<Blocks>([&](auto b) { unrolled<Queries>([&](auto q) { store(scores.values[block + b][q], sums[b][q]); }); });
}

/// Scores of all blocks. While one pair of blocks is multiplied the next one is fetched, at last the first values.
template <int Queries> LAPIDARY_INLINE void scoreAll(const Slice &slice, Scores &scores) {
  int block = 0;
  for (; block + 2 <= slice.blocks; block += 2) {
    const bool last = block + 4 > slice.blocks;
    const uint16_t *next[2] = {last ? slice.valueBlock(0, 0) : slice.keyBlock(block + 2),
                               last ? slice.valueBlock(1, 0) : slice.keyBlock(block + 3)};
    score<Queries, 2>(slice, block, next, scores);
  }
  if (block < slice.blocks) {
    const uint16_t *next[2] = {slice.valueBlock(0, 0), nullptr};
    score<Queries, 1>(slice, block, next, scores);
  }
}

/// Scores become weights, exp(score - maximum), of keys in [low, high]; 0 for the others. Sets the query's maximum
/// (-FLT_MAX: it sees nothing) and total.
LAPIDARY_INLINE void softmax(const Slice &slice, int query, int low, int high, Scores &scores, float &maximum,
                             float &total) {
  const F32 nothing = splat(-FLT_MAX);
  F32 strands = nothing;
  for (int block = 0; block < slice.blocks; ++block) {
    float *score = scores.values[block][query];
    const F32 masked = keepBetween(load(score), slice.position + block * Keys, low, high, nothing);
    store(score, masked);
    strands = most(strands, masked);
  }
  maximum = mostOf(strands, -FLT_MAX);
  F32 totals = splat(0.0f);
  for (int block = 0; block < slice.blocks; ++block) {
    float *weight = scores.values[block][query];
    const F32 score = load(weight);
    const F32 result = zeroWhere(isEqual(score, nothing), exponential(score - splat(maximum)));
    store(weight, result);
    totals = totals + result;
  }
  total = sumOf(totals);
}

/// `Parts` neighbouring blocks of columns of the weighted sum of the values; the columns behind them are fetched.
template <int Queries, int Parts>
LAPIDARY_INLINE void weighValues(const Slice &slice, int part, const Scores &scores, float *sum, int64_t sumFloats) {
  F32 sums[Parts][Queries];
  unrolled<Parts>([&](auto p) { unrolled<Queries>([&](auto q) { sums[p][q] = splat(0.0f); }); });
  for (int block = 0; block < slice.blocks; ++block) {
    const uint16_t *values[Parts];
    unrolled<Parts>([&](auto p) { values[p] = slice.valueBlock(part + p, block); });
    for (int key = 0; key < Keys; key += 2) { // a line of every part
      unrolled<Parts>([&](auto p) { fetch(values[p] + Parts * slice.partElements + key * Keys); });
      unrolled<2>([&](auto odd) {
        F32 value[Parts];
        unrolled<Parts>([&](auto p) { value[p] = fromBf16(values[p] + (key + odd) * Keys); });
        unrolled<Queries>([&](auto q) {
          const F32 weight = splat(scores.values[block][q][key + odd]);
          unrolled<Parts>([&](auto p) { sums[p][q] = fusedMulAdd(value[p], weight, sums[p][q]); });
        });
      });
    }
  }
  unrolled<Parts>(
      [&](auto p) { unrolled<Queries>([&](auto q) { store(sum + q * sumFloats + (part + p) * Keys, sums[p][q]); }); });
}

/// Everything for `Queries` query rows.
template <int Queries>
void attendSlice(const Slice &slice, const int32_t *low, const int32_t *high, float *maximum, float *total, float *sum,
                 int64_t sumFloats) {
  Scores scores;
  scoreAll<Queries>(slice, scores);
  for (int q = 0; q < Queries; ++q) {
    softmax(slice, q, low[q], high[q], scores, maximum[q], total[q]);
  }
  const int parts = slice.dim / Keys;
  int part = 0;
  for (; part + 2 <= parts; part += 2) {
    weighValues<Queries, 2>(slice, part, scores, sum, sumFloats);
  }
  if (part < parts) {
    weighValues<Queries, 1>(slice, part, scores, sum, sumFloats);
  }
}

/// The kernel: arguments as AttentionSliceKernel (runtime/src/cpu/Kernels.h).
inline int attentionSlice(B query, B key, B value, B low, B high, int32_t position, int32_t firstBlock, int32_t blocks,
                          int32_t ringBlocks, B maximum, B total, B sum) {
  auto floats = [](B buffer) { return reinterpret_cast<float *>(buffer->host); };
  auto integers = [](B buffer) { return reinterpret_cast<const int32_t *>(buffer->host); };
  const Slice slice = {floats(query),
                       query->dim[0].extent,
                       reinterpret_cast<const uint16_t *>(key->host),
                       reinterpret_cast<const uint16_t *>(value->host),
                       value->dim[3].stride,
                       position,
                       firstBlock,
                       blocks,
                       ringBlocks};
  auto attend = [&](auto queries) {
    attendSlice<queries>(slice, integers(low), integers(high), floats(maximum), floats(total), floats(sum),
                         sum->dim[2].stride);
  };
  switch (maximum->dim[0].extent) {
  case 8:
    attend(kernels::Index<8>());
    break;
  case 4:
    attend(kernels::Index<4>());
    break;
  case 2:
    attend(kernels::Index<2>());
    break;
  default:
    attend(kernels::Index<1>());
  }
  return 0;
}

} // namespace lap::x86

#endif // LAPIDARY_TARGETS_X86_KERNELS_ATTENTIONSLICE_H
