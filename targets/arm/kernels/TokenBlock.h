//===- TokenBlock.h - the tokens of a product, a few at a time ------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_TOKENBLOCK_H
#define LAPIDARY_TARGETS_ARM_KERNELS_TOKENBLOCK_H

#include "targets/common/kernels/Unroll.h"

namespace lap::arm {

using kernels::unrolled;

/// Tokens that unpacked weights serve, at most: their activations stay in the second level cache while the tiles of an
/// item pass (64 rows of 1536 columns are 96 KiB).
constexpr int TokenBlock = 64;

/// What stands for rows first..first + Count - 1 of `count` rows of activations, rowOf(i) for row i. A block at the end
/// that is not full has the last row several times: it is computed several times over, to the same bits.
template <int Count, typename Row> struct RowBlock {
  Row rows[Count];

  template <typename RowOf> LAPIDARY_INLINE RowBlock(int first, int count, RowOf &&rowOf) {
    unrolled<Count>([&](auto i) { rows[i] = rowOf(first + i < count ? first + i : count - 1); });
  }
  const Row &operator[](int i) const { return rows[i]; }
};

} // namespace lap::arm

#endif // LAPIDARY_TARGETS_ARM_KERNELS_TOKENBLOCK_H
