//===- AttentionSlice.h - what attention over one slice of a cache shares --===//
// SPDX-License-Identifier: Apache-2.0
//
// The kernels of targets/common/algorithms/Attention.h (AttentionSlice), operation by operation: where the slice lies,
// the softmax and the arguments. Bf16AttentionSlice.h and I8AttentionSlice.h have the sums.
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

/// The symbol of a kernel, LAPIDARY_SYMBOL(i8_attention_slice_8x16, LAPIDARY_ISA): what kernelSymbol(kernelName(..))
/// gives (targets/common/KernelNames.h). LAPIDARY_ISA is the command line's.
#define LAPIDARY_JOINED(name, isa) name##_##isa
#define LAPIDARY_SYMBOL(name, isa) LAPIDARY_JOINED(name, isa)

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

/// Scores of `Blocks` blocks from `block` on. Meanwhile the following ones are fetched, at last the first values.
template <int Queries, int Blocks, typename Sums>
LAPIDARY_INLINE void scoreBlocks(const typename Sums::Slice &slice, Sums &sums, int block) {
  const void *next[Blocks];
  unrolled<Blocks>([&](auto b) {
    const int after = block + Blocks + b;
    next[b] = after < slice.blocks ? slice.keyBlock(after) : slice.valueBlock(b, 0);
  });
  constexpr int Together = Queries < QueriesAtOnce ? Queries : QueriesAtOnce;
  for (int query = 0; query < Queries; query += Together) {
    sums.template score<Together, Blocks>(slice, block, query, next);
  }
}

/// `Parts` blocks of columns of the weighted values, from `part` on.
template <int Queries, int Parts, typename Sums>
LAPIDARY_INLINE void weighParts(const typename Sums::Slice &slice, Sums &sums, int part, float *out,
                                int64_t outFloats) {
  constexpr int Together = Queries < QueriesAtOnce ? Queries : QueriesAtOnce;
  for (int query = 0; query < Queries; query += Together) {
    sums.template weigh<Together, Parts>(slice, part, query, out, outFloats);
  }
}

/// Everything for `Queries` query rows. Sums has the products:
///   score<Queries, Blocks>(slice, block, query, next)
///       sets `scores` of neighbouring blocks, of rows from `query` on; next[Blocks]: what is read then
///   setWeights(slice, query, total)
///       `scores` of the query are weights now, and total is their sum
///   weigh<Queries, Parts>(slice, part, query, out, outFloats)
///       neighbouring blocks of columns of the weighted values, of rows from `query` on
template <typename Sums, int Queries>
void attendSlice(const typename Sums::Slice &slice, const int32_t *low, const int32_t *high, float *maximum,
                 float *total, float *out, int64_t outFloats) {
  Sums sums;
  int block = 0;
  for (; block + BlocksAtOnce <= slice.blocks; block += BlocksAtOnce) {
    scoreBlocks<Queries, BlocksAtOnce>(slice, sums, block);
  }
  for (; block < slice.blocks; ++block) {
    scoreBlocks<Queries, 1>(slice, sums, block);
  }
  for (int q = 0; q < Queries; ++q) {
    softmax(slice, q, low[q], high[q], sums.scores, maximum[q], total[q]);
    sums.setWeights(slice, q, total[q]);
  }
  const int parts = slice.dim / Keys;
  int part = 0;
  for (; part + BlocksAtOnce <= parts; part += BlocksAtOnce) {
    weighParts<Queries, BlocksAtOnce>(slice, sums, part, out, outFloats);
  }
  for (; part < parts; ++part) {
    weighParts<Queries, 1>(slice, sums, part, out, outFloats);
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
