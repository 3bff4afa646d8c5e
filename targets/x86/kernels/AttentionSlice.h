//===- AttentionSlice.h - what attention over one slice of a cache shares --===//
// SPDX-License-Identifier: Apache-2.0
//
// The kernels of targets/common/algorithms/Attention.h (AttentionSlice), operation by operation, for AVX-512: where the
// slice lies, the softmax and the arguments. Bf16AttentionSlice.h and I8AttentionSlice.h have the sums.
//
// By hand, because arithmetic over long contexts takes about as long as memory takes to bring keys and values, so it
// pays to ask for memory early: keys come in blocks, values in blocks of columns, 8 or 16 KiB from a place each, and a
// core starts anew at every one. Halide can prefetch whole blocks between loops or what lies ahead in a loop, not the
// next block line by line while this one is multiplied.
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

/// A slice of one KV head's cache of Element (uint16_t: bf16), and queries of Query.
template <typename ElementType, typename Query> struct Slice {
  using Element = ElementType;
  static constexpr int LineRows = 64 / (Keys * sizeof(Element)); // rows of 16 elements in a line of memory
  const Query *queries;                                          // [query][dim]
  const float *queryStep;                                        // [query]; null: queries are floats
  int dim;
  const Element *keys;   // [ring block][dim][16 keys]
  const Element *values; // [part][ring block][16 keys][16 columns]
  int64_t partElements;  // distance of parts
  int position;          // of the first key
  int firstBlock, blocks, ringBlocks;

  LAPIDARY_INLINE int slot(int block) const {
    const int at = firstBlock + block;
    return at >= ringBlocks ? at - ringBlocks : at;
  }
  LAPIDARY_INLINE const Element *keyBlock(int block) const {
    return keys + static_cast<int64_t>(slot(block)) * dim * Keys;
  }
  LAPIDARY_INLINE const Element *valueBlock(int part, int block) const {
    return values + part * partElements + static_cast<int64_t>(slot(block)) * Keys * Keys;
  }
};

/// Asks for the line of an address; an address that is not mapped does no harm.
LAPIDARY_INLINE void fetch(const void *address) { __builtin_prefetch(address, 0, 2); }

/// Scores become weights, exp(score - maximum), of keys in [low, high]; 0 for the others. Sets the query's maximum
/// (-FLT_MAX: it sees nothing) and total.
template <typename Slice>
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

/// Scores of all blocks. While one pair of blocks is multiplied the next one is fetched, at last the first values.
template <int Queries, typename Sums> LAPIDARY_INLINE void scoreAll(const typename Sums::Slice &slice, Sums &sums) {
  int block = 0;
  for (; block + 2 <= slice.blocks; block += 2) {
    const bool last = block + 4 > slice.blocks;
    const void *next[2] = {last ? slice.valueBlock(0, 0) : slice.keyBlock(block + 2),
                           last ? slice.valueBlock(1, 0) : slice.keyBlock(block + 3)};
    sums.template score<Queries, 2>(slice, block, next);
  }
  if (block < slice.blocks) {
    const void *next[1] = {slice.valueBlock(0, 0)};
    sums.template score<Queries, 1>(slice, block, next);
  }
}

/// Everything for `Queries` query rows. Sums has the products:
///   score<Queries, Blocks>(slice, block, next)   sets `scores` of neighbouring blocks; next[Blocks]: what is read then
///   setWeights(slice, query, total)              `scores` of the query are weights now, and total is their sum
///   weigh<Queries, Parts>(slice, part, out, outFloats)   neighbouring blocks of columns of the weighted values
template <typename Sums, int Queries>
void attendSlice(const typename Sums::Slice &slice, const int32_t *low, const int32_t *high, float *maximum,
                 float *total, float *out, int64_t outFloats) {
  Sums sums;
  scoreAll<Queries>(slice, sums);
  for (int q = 0; q < Queries; ++q) {
    softmax(slice, q, low[q], high[q], sums.scores, maximum[q], total[q]);
    sums.setWeights(slice, q, total[q]);
  }
  const int parts = slice.dim / Keys;
  int part = 0;
  for (; part + 2 <= parts; part += 2) {
    sums.template weigh<Queries, 2>(slice, part, out, outFloats);
  }
  if (part < parts) {
    sums.template weigh<Queries, 1>(slice, part, out, outFloats);
  }
}

/// The kernel: arguments as AttentionSliceIntegerKernel (runtime/src/cpu/Kernels.h); queryStep may be null.
template <typename Sums>
int attentionSlice(B query, B queryStep, B key, B value, B low, B high, int32_t position, int32_t firstBlock,
                   int32_t blocks, int32_t ringBlocks, B maximum, B total, B sum) {
  using Slice = typename Sums::Slice;
  auto floats = [](B buffer) { return reinterpret_cast<float *>(buffer->host); };
  auto integers = [](B buffer) { return reinterpret_cast<const int32_t *>(buffer->host); };
  const Slice slice = {reinterpret_cast<decltype(Slice::queries)>(query->host),
                       queryStep ? floats(queryStep) : nullptr,
                       query->dim[0].extent,
                       reinterpret_cast<const typename Slice::Element *>(key->host),
                       reinterpret_cast<const typename Slice::Element *>(value->host),
                       value->dim[3].stride,
                       position,
                       firstBlock,
                       blocks,
                       ringBlocks};
  auto attend = [&](auto queries) {
    attendSlice<Sums, queries>(slice, integers(low), integers(high), floats(maximum), floats(total), floats(sum),
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
