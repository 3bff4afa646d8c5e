//===- IntegerAttention.h - attention over int8 caches ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// targets/common/algorithms/Attention.h defines the numbers: queries have 16 bits and weights are rounded to 15, the
// products are exact in int32. All of that is here, for all levels. A Steps does what is floats, for one query row:
//   weigh        float maximum: the weights of all keys, 0 of those that it does not see, out of the dots
//   toFloats     the floats nearest to 32 sums
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_INTEGERATTENTION_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_INTEGERATTENTION_H

#include "runtime/src/cpu/Kernels.h"
#include "targets/hexagon/kernels/AttentionSlice.h"
#include "targets/hexagon/kernels/RowSums.h"

#include <float.h>

namespace lap::hexagon {

/// The keys that a query row sees of the `count` of a slice, counted from the slice's first.
struct VisibleKeys {
  int count, first, last;
  bool none() const { return first > last; }
};

/// The arguments of a call.
struct IntegerSlice {
  B query, queryStep, key, value, low, high;
  SliceBlocks blocks;
  B maximum, total, sum;

  VisibleKeys visible(int q) const {
    const int count = blocks.count * LAP_ROW_TILE;
    const int first = data<int32_t>(low)[q] - blocks.position, last = data<int32_t>(high)[q] - blocks.position;
    return {count, first > 0 ? first : 0, last < count ? last : count - 1};
  }
};

/// Dots [query row][key]; what follows the keys is anything.
template <int Count> using Dots = int32_t[Count][LAP_ATTENTION_SLICE];

/// The factors of a query row of `dim` integers.
[[gnu::noinline]] inline void setQuery(const int16_t *row, int dim, FactorRow to) {
  int32_t sum = 0;
  for (int d = 0; d < dim; ++d) {
    sum += row[d];
    to.low[d] = static_cast<uint8_t>(row[d]), to.high[d] = static_cast<uint8_t>(row[d] >> 8);
  }
  *to.sum = sum;
}

template <int Count>
[[gnu::noinline]] void dotKeys(Slice &slice, const SliceBlocks &blocks, int dim, const Factors<Count> &queries,
                               Dots<Count> &dots) {
  for (int block = 0; block < blocks.count; block += 2) {
    const uint8_t *first = slice.keys(block), *second = slice.keys(blocks.after(block));
    RowSums<Count> sums;
    sums.add(first, second, dim, queries, 0);
    unrolled<Count>([&](auto q) { sums.store(queries, q, dots[q] + block * LAP_ROW_TILE); });
  }
}

/// A row that sees nothing of a slice. Returns the maximum.
inline float weighNothing(int keys, FactorRow to) {
  __builtin_memset(to.low, 0, static_cast<uint32_t>(keys)), __builtin_memset(to.high, 0, static_cast<uint32_t>(keys));
  *to.sum = 0;
  return -FLT_MAX;
}

/// Parts `part` and part + 1 of the values. sum [16, part, query].
template <typename Steps, int Count>
[[gnu::noinline]] void mixValues(Slice &slice, int part, int parts, const Factors<Count> &weights, B sum) {
  constexpr int blockBytes = LAP_ROW_TILE * LAP_ROW_TILE;
  const int after = part + 1 < parts ? part + 1 : part;
  const ValuePart firsts = slice.values(part), seconds = slice.values(after);
  RowSums<Count> sums;
  for (int block = 0; block < firsts.where.count; ++block) {
    const int at = firsts.where.slot(block) * blockBytes;
    sums.addAhead(firsts.start + at, seconds.start + at, LAP_ROW_TILE, weights, block * LAP_ROW_TILE);
  }
  unrolled<Count>([&](auto q) {
    alignas(4 * PairLanes) int32_t whole[PairLanes];
    alignas(4 * PairLanes) float all[PairLanes];
    sums.store(weights, q, whole);
    Steps::toFloats(whole, all);
    float *out = floats(sum) + q * stride(sum, 2);
    __builtin_memcpy(out + part * stride(sum, 1), all, sizeof(all) / 2);
    __builtin_memcpy(out + after * stride(sum, 1), after > part ? all + LAP_ROW_TILE : all, sizeof(all) / 2);
  });
}

/// Count query rows.
template <typename Steps, int Count> void attendIntegers(const IntegerSlice &a) {
  Factors<Count> factors;
  alignas(4 * PairLanes) Dots<Count> dots;
  const int dim = extent(a.query, 0), parts = dim / LAP_ROW_TILE;
  Slice slice(sliceOf<int8_t>(a.key, a.value, parts, a.blocks));
  for (int q = 0; q < Count; ++q) {
    setQuery(data<int16_t>(a.query) + q * stride(a.query, 1), dim, factors.row(q));
  }
  dotKeys<Count>(slice, a.blocks, dim, factors, dots);
  for (int q = 0; q < Count; ++q) {
    const VisibleKeys keys = a.visible(q);
    floats(a.maximum)[q] = keys.none() ? weighNothing(keys.count, factors.row(q))
                                       : Steps::weigh(dots[q], keys, floats(a.queryStep)[q], factors.row(q));
    floats(a.total)[q] = static_cast<float>(factors.sums[q]);
  }
  for (int part = 0; part < parts; part += 2) {
    mixValues<Steps, Count>(slice, part, parts, factors, a.sum);
  }
}

/// The drivers round the rows of a call up to 1, 2, 4 or 8 (runtime/src/cpu/Attention.cpp). -1: a head is wider than
/// sums of 32 bits hold.
template <typename Steps> LAPIDARY_INLINE int attendIntegerRows(const IntegerSlice &a) {
  if (extent(a.query, 0) > MostFactors) {
    return -1;
  }
  switch (extent(a.maximum, 0)) {
  case 1:
    return attendIntegers<Steps, 1>(a), 0;
  case 2:
    return attendIntegers<Steps, 2>(a), 0;
  case 4:
    return attendIntegers<Steps, 4>(a), 0;
  default:
    return attendIntegers<Steps, 8>(a), 0;
  }
}

} // namespace lap::hexagon

/// Defines the kernel with a Steps.
#define LAPIDARY_INTEGER_ATTENTION(Steps)                                                                              \
  LAPIDARY_KERNEL(i8_attention_slice_8x16)                                                                             \
  (B query, B queryStep, B key, B value, B low, B high, int32_t position, int32_t firstBlock, int32_t blocks,          \
   int32_t ringBlocks, B maximum, B total, B sum) {                                                                    \
    return attendIntegerRows<Steps>(                                                                                   \
        {query, queryStep, key, value, low, high, {{firstBlock, blocks, ringBlocks}, position}, maximum, total, sum}); \
  }

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_INTEGERATTENTION_H
