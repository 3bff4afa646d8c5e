//===- I8AttentionSlice.h - the sums of attention over an int8 cache -------===//
// SPDX-License-Identifier: Apache-2.0
//
// In integers (targets/common/algorithms/Attention.h): two products of int16 are added up in an int32, twice the
// products of a float multiply-add. AVX-512 VNNI adds them to the sum besides (vpdpwssd); others have an addition for
// that, which CPUs start beside the products of the next pair (vpmaddwd, vpaddd). Two rows of 16 bytes of the cache
// become 16 pairs, for all queries; a query's pair is four bytes that memory broadcasts.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_X86_KERNELS_I8ATTENTIONSLICE_H
#define LAPIDARY_TARGETS_X86_KERNELS_I8ATTENTIONSLICE_H

#include "targets/x86/kernels/AttentionSlice.h"

namespace lap::x86 {

/// See attendSlice.
struct I8Sums {
  using Slice = x86::Slice<int8_t, int16_t>;
  Scores scores;
  alignas(64) int16_t weights[MostBlocks][MostQueries][Keys];

  LAPIDARY_INLINE void setWeights(const Slice &slice, int query, float &total) {
    I32 sum = noSums();
    for (int block = 0; block < slice.blocks; ++block) {
      const I32 rounded = nearestInteger(load(scores.values[block][query]) * splat(LargestFactor));
      storeInt16(weights[block][query], rounded);
      sum = add(sum, rounded);
    }
    total = static_cast<float>(sumOf(sum));
  }

  template <int Queries, int Blocks>
  LAPIDARY_INLINE void score(const Slice &slice, int block, int query, const void *const (&next)[Blocks]) {
    I32 sums[Blocks][Queries];
    const int8_t *keys[Blocks];
    unrolled<Blocks>([&](auto b) {
      keys[b] = slice.keyBlock(block + b);
      unrolled<Queries>([&](auto q) { sums[b][q] = noSums(); });
    });
    for (int d = 0; d < slice.dim; d += slice.LineRows) {
      unrolled<Blocks>([&](auto b) { fetch(static_cast<const int8_t *>(next[b]) + d * Keys); });
      unrolled<Slice::LineRows / 2>([&](auto pair) {
        I32 key[Blocks];
        unrolled<Blocks>([&](auto b) { key[b] = rowPair(keys[b] + (d + 2 * pair) * Keys); });
        unrolled<Queries>([&](auto q) {
          const I32 factors = splatPair(slice.queries + (query + q) * slice.dim + d + 2 * pair);
          unrolled<Blocks>([&](auto b) { sums[b][q] = addPairs(sums[b][q], key[b], factors); });
        });
      });
    }
    unrolled<Blocks>([&](auto b) {
      unrolled<Queries>([&](auto q) {
        store(scores.values[block + b][query + q], pairSums(sums[b][q]) * splat(slice.queryStep[query + q]));
      });
    });
  }

  template <int Queries, int Parts>
  LAPIDARY_INLINE void weigh(const Slice &slice, int part, int query, float *out, int64_t outFloats) {
    I32 sums[Parts][Queries];
    unrolled<Parts>([&](auto p) { unrolled<Queries>([&](auto q) { sums[p][q] = noSums(); }); });
    for (int block = 0; block < slice.blocks; ++block) {
      const int8_t *values[Parts];
      unrolled<Parts>([&](auto p) { values[p] = slice.valueBlock(part + p, block); });
      for (int key = 0; key < Keys; key += slice.LineRows) {
        unrolled<Parts>([&](auto p) { fetch(values[p] + Parts * slice.partElements + key * Keys); });
        unrolled<Slice::LineRows / 2>([&](auto pair) {
          I32 value[Parts];
          unrolled<Parts>([&](auto p) { value[p] = rowPair(values[p] + (key + 2 * pair) * Keys); });
          unrolled<Queries>([&](auto q) {
            const I32 weight = splatPair(weights[block][query + q] + key + 2 * pair);
            unrolled<Parts>([&](auto p) { sums[p][q] = addPairs(sums[p][q], value[p], weight); });
          });
        });
      }
    }
    unrolled<Parts>([&](auto p) {
      unrolled<Queries>(
          [&](auto q) { store(out + (query + q) * outFloats + (part + p) * Keys, pairSums(sums[p][q])); });
    });
  }
};

} // namespace lap::x86

#endif // LAPIDARY_TARGETS_X86_KERNELS_I8ATTENTIONSLICE_H
