//===- GroupMatvec.h - one row of activations, weights in groups ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// targets/common/algorithms/Matmul.h, GroupMatmul, defines the numbers: for every group, in order, and every plane, in
// order, total = fma(float(dot), weightScale * scale, total); times the row's step, where scales have steps. A tile is
// read from its first byte to its last.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_GROUPMATVEC_H
#define LAPIDARY_TARGETS_ARM_KERNELS_GROUPMATVEC_H

#include "targets/arm/kernels/GroupScales.h"
#include "targets/arm/kernels/StretchDot.h"
#include "targets/common/kernels/ProductArguments.h"

namespace lap::arm {

using kernels::GroupProduct;

/// 16 products of one token.
template <typename Isa, lap_format Format, int Planes>
LAPIDARY_INLINE void multiplyTile(const uint8_t *tile, const GroupProduct &p, int token, float *out) {
  using Order = GroupOrder<Format>;
  const uint8_t *from = tile + Order::stepBytes;
  const int8_t *x = p.row(token, 0);
  const float *scales = p.scalesOf(token, 0);
  float32x4_t totals[RowQuads];
  unrolled<RowQuads>([&](auto row) { totals[row] = vdupq_n_f32(0.0f); });
  for (int group = 0; group < p.columns / LAP_GROUP; ++group) {
    StretchSums<typename Isa::Dot, Format, Planes, RowQuads> sums;
    sums.add(from + Order::scaleBytes, x, p.planeBytes);
    float32x4_t weightScales[RowQuads];
    widenScales<Format>(from, weightScales);
    unrolled<Planes>([&](auto plane) {
      const float scale = scales[plane * (p.planeBytes >> 2)];
      unrolled<RowQuads>([&](auto row) {
        const float32x4_t dot = toFloat<Stretch<Format>::sumShift(0)>(Isa::Dot::total(sums.sums[0][plane][row]));
        totals[row] = vfmaq_f32(totals[row], dot, vmulq_n_f32(weightScales[row], scale));
      });
    });
    x += LAP_GROUP;
    ++scales;
    from += Order::groupBytes;
  }
  scaleBySteps<Format>(tile, totals);
  unrolled<RowQuads>([&](auto row) { vst1q_f32(out + row * 4, totals[row]); });
}

/// The kernel `matvec` of a group format.
template <typename Isa, lap_format Format> LAPIDARY_INLINE void groupMatvec(const GroupProduct &p) {
  for (int token = 0; token < p.tokens; ++token) {
    for (int tile = 0; tile < p.tileCount; ++tile) {
      if (p.planes == 1) {
        multiplyTile<Isa, Format, 1>(p.tile(tile), p, token, p.outOf(tile, token));
      } else {
        multiplyTile<Isa, Format, LAP_PLANES>(p.tile(tile), p, token, p.outOf(tile, token));
      }
    }
  }
}

} // namespace lap::arm

#endif // LAPIDARY_TARGETS_ARM_KERNELS_GROUPMATVEC_H
