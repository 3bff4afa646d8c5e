//===- I8AttentionSlice.h - the sums of attention over an int8 cache -------===//
// SPDX-License-Identifier: Apache-2.0
//
// In integers (targets/common/algorithms/Attention.h): vpdpwssd adds two products of int16 to an int32, twice the
// products of a float multiply-add. Two rows of 16 bytes of the cache become 16 pairs, one shuffle for all queries; a
// query's pair is four bytes that memory broadcasts.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_X86_KERNELS_I8ATTENTIONSLICE_H
#define LAPIDARY_TARGETS_X86_KERNELS_I8ATTENTIONSLICE_H

#include "targets/x86/kernels/AttentionSlice.h"

#include <string.h>

namespace lap::x86 {

/// sums + a[2i] * b[2i] + a[2i + 1] * b[2i + 1], exact.
LAPIDARY_INLINE __m512i addPairs(__m512i sums, __m512i a, __m512i b) {
#ifdef __AVX512VNNI__
  return _mm512_dpwssd_epi32(sums, a, b);
#else
  return _mm512_add_epi32(sums, _mm512_madd_epi16(a, b));
#endif
}

/// Two rows of 16 int8: lane i is the pair of their elements i.
LAPIDARY_INLINE __m512i rowPair(const int8_t *rows) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order,
                                  _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(rows))));
}

/// A pair in every lane.
LAPIDARY_INLINE __m512i splatPair(const int16_t *pair) {
  int32_t bits;
  memcpy(&bits, pair, sizeof(bits));
  return _mm512_set1_epi32(bits);
}

/// Sixteen floats, rounded to nearest, as int16.
LAPIDARY_INLINE __m256i toInt16(F32 values) { return _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(values)); }
LAPIDARY_INLINE void store(int16_t *to, __m256i values) {
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), values);
}

/// See attendSlice.
struct I8Sums {
  using Slice = x86::Slice<int8_t, int16_t>;
  Scores scores;
  alignas(64) int16_t weights[MostBlocks][MostQueries][Keys];

  LAPIDARY_INLINE void setWeights(const Slice &slice, int query, float &total) {
    __m512i sum = _mm512_setzero_si512();
    for (int block = 0; block < slice.blocks; ++block) {
      const __m256i rounded = toInt16(load(scores.values[block][query]) * splat(LargestFactor));
      store(weights[block][query], rounded);
      sum = _mm512_add_epi32(sum, _mm512_cvtepi16_epi32(rounded));
    }
    total = static_cast<float>(_mm512_reduce_add_epi32(sum));
  }

  template <int Queries, int Blocks>
  LAPIDARY_INLINE void score(const Slice &slice, int block, const void *const (&next)[Blocks]) {
    __m512i sums[Blocks][Queries];
    const int8_t *keys[Blocks];
    unrolled<Blocks>([&](auto b) {
      keys[b] = slice.keyBlock(block + b);
      unrolled<Queries>([&](auto q) { sums[b][q] = _mm512_setzero_si512(); });
    });
    for (int d = 0; d < slice.dim; d += slice.LineRows) {
      unrolled<Blocks>([&](auto b) { fetch(static_cast<const int8_t *>(next[b]) + d * Keys); });
      unrolled<Slice::LineRows / 2>([&](auto pair) {
        __m512i key[Blocks];
        unrolled<Blocks>([&](auto b) { key[b] = rowPair(keys[b] + (d + 2 * pair) * Keys); });
        unrolled<Queries>([&](auto q) {
          const __m512i query = splatPair(slice.queries + q * slice.dim + d + 2 * pair);
          unrolled<Blocks>([&](auto b) { sums[b][q] = addPairs(sums[b][q], key[b], query); });
        });
      });
    }
    unrolled<Blocks>([&](auto b) {
      unrolled<Queries>([&](auto q) {
        x86::store(scores.values[block + b][q], _mm512_cvtepi32_ps(sums[b][q]) * splat(slice.queryStep[q]));
      });
    });
  }

  template <int Queries, int Parts>
  LAPIDARY_INLINE void weigh(const Slice &slice, int part, float *out, int64_t outFloats) {
    __m512i sums[Parts][Queries];
    unrolled<Parts>([&](auto p) { unrolled<Queries>([&](auto q) { sums[p][q] = _mm512_setzero_si512(); }); });
    for (int block = 0; block < slice.blocks; ++block) {
      const int8_t *values[Parts];
      unrolled<Parts>([&](auto p) { values[p] = slice.valueBlock(part + p, block); });
      for (int key = 0; key < Keys; key += slice.LineRows) {
        unrolled<Parts>([&](auto p) { fetch(values[p] + Parts * slice.partElements + key * Keys); });
        unrolled<Slice::LineRows / 2>([&](auto pair) {
          __m512i value[Parts];
          unrolled<Parts>([&](auto p) { value[p] = rowPair(values[p] + (key + 2 * pair) * Keys); });
          unrolled<Queries>([&](auto q) {
            const __m512i weight = splatPair(weights[block][q] + key + 2 * pair);
            unrolled<Parts>([&](auto p) { sums[p][q] = addPairs(sums[p][q], value[p], weight); });
          });
        });
      }
    }
    unrolled<Parts>([&](auto p) {
      unrolled<Queries>(
          [&](auto q) { x86::store(out + q * outFloats + (part + p) * Keys, _mm512_cvtepi32_ps(sums[p][q])); });
    });
  }
};

} // namespace lap::x86

#endif // LAPIDARY_TARGETS_X86_KERNELS_I8ATTENTIONSLICE_H
