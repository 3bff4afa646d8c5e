//===- Dotprod.h - dot products of bytes with sdot ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// ARMv8.2 with dotprod (Cortex-A76, Neoverse N1): one instruction adds four columns of four rows times four values of
// an activation row, which are a lane of a register.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_DOTPROD_H
#define LAPIDARY_TARGETS_ARM_KERNELS_DOTPROD_H

#include "targets/arm/kernels/QuadTile.h"

namespace lap::arm {

struct LaneDot {
  using Sums = int32x4_t;
  static constexpr int registers = 1; // of Sums
  LAPIDARY_INLINE static Sums from(int32_t start) { return vdupq_n_s32(start); }

  /// Adds four columns of four rows (`weights`) times quad `Quad` of 16 values.
  template <int Quad> LAPIDARY_INLINE static void add(Sums &sums, int8x16_t weights, int8x16_t values) {
    sums = vdotq_laneq_s32(sums, weights, values, Quad);
  }

  LAPIDARY_INLINE static int32x4_t total(Sums sums) { return sums; }
};

struct Dotprod {
  using Dot = LaneDot;
  using Tile = QuadTile<LaneDot, 4>;
};

} // namespace lap::arm

#endif // LAPIDARY_TARGETS_ARM_KERNELS_DOTPROD_H
