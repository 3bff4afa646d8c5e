//===- Neon.h - dot products of bytes on any ARMv8 ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Machines without a dot product multiply to int16 and add neighbours to int32. Two products of -128 * -128 do not fit
// an int16, so each is added on its own; a row has two sums until `total` adds them. QuadTile is what this and
// Dotprod.h share for many rows of activations.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_NEON_H
#define LAPIDARY_TARGETS_ARM_KERNELS_NEON_H

#include "targets/arm/kernels/QuadTile.h"

namespace lap::arm {

struct NeonDot {
  struct Sums {
    int32x4_t low, high; // of two rows each
  };
  static constexpr int registers = 2; // of Sums
  LAPIDARY_INLINE static Sums from(int32_t start) {
    const int32x4_t halves = vreinterpretq_s32_s64(vdupq_n_s64(static_cast<uint32_t>(start)));
    return {halves, halves};
  }

  /// Adds four columns of four rows (`weights`) times quad `Quad` of 16 values.
  template <int Quad> LAPIDARY_INLINE static void add(Sums &sums, int8x16_t weights, int8x16_t values) {
    const int8x16_t four = vreinterpretq_s8_s32(vdupq_laneq_s32(vreinterpretq_s32_s8(values), Quad));
    sums.low = vpadalq_s16(sums.low, vmull_s8(vget_low_s8(weights), vget_low_s8(four)));
    sums.high = vpadalq_s16(sums.high, vmull_high_s8(weights, four));
  }

  /// The sums of the four rows.
  LAPIDARY_INLINE static int32x4_t total(Sums sums) { return vpaddq_s32(sums.low, sums.high); }
};

/// Two rows of activations at a time: a sum takes two registers.
struct Neon {
  using Dot = NeonDot;
  using Tile = QuadTile<NeonDot, 2>;
};

} // namespace lap::arm

#endif // LAPIDARY_TARGETS_ARM_KERNELS_NEON_H
