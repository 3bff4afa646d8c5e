//===- RowMatvec.h - one row of activations, one scale per row of weights -===//
// SPDX-License-Identifier: Apache-2.0
//
// targets/common/algorithms/Matmul.h, RowMatmul, defines the numbers: an exact integer dot, planes weighted by powers
// of 256, then f64.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_ROWMATVEC_H
#define LAPIDARY_TARGETS_ARM_KERNELS_ROWMATVEC_H

#include "targets/arm/kernels/StretchDot.h"
#include "targets/common/kernels/ProductArguments.h"

namespace lap::arm {

using kernels::RowProduct;

/// Two products: `sums` are whole numbers below 2^53, scale and rounding are in f64.
LAPIDARY_INLINE float32x2_t scaleSums(int64x2_t sums, float64x2_t scale, float step) {
  const float64x2_t y = vmulq_f64(vcvtq_f64_s64(sums), scale);
  if (step == 0.0f) {
    return vcvt_f32_f64(y);
  }
  const float64x2_t steps = vrndnq_f64(vdivq_f64(y, vdupq_n_f64(static_cast<double>(step))));
  return vmul_n_f32(vcvt_f32_f64(vminq_f64(vmaxq_f64(steps, vdupq_n_f64(-128.0)), vdupq_n_f64(127.0))), step);
}

/// 16 products from the dots of `planes` planes, the highest first; dot(plane, row quad) is an int32x4_t.
template <typename Dot>
LAPIDARY_INLINE void scaleTile(const RowProduct &p, int tile, int token, int planes, Dot &&dot) {
  const float *weightScales = reinterpret_cast<const float *>(p.tile(tile));
  const double inputScale = static_cast<double>(p.inputScale(token)); // the product of two floats is exact in f64
  unrolled<RowQuads>([&](auto row) {
    int64x2_t low = vdupq_n_s64(0), high = vdupq_n_s64(0);
    for (int plane = 0; plane < planes; ++plane) {
      const int32x4_t sums = dot(plane, row);
      low = vaddw_s32(vshlq_n_s64(low, 8), vget_low_s32(sums));
      high = vaddw_high_s32(vshlq_n_s64(high, 8), sums);
    }
    const float32x4_t weights = vld1q_f32(weightScales + row * 4);
    const float32x2_t first = scaleSums(low, vmulq_n_f64(vcvt_f64_f32(vget_low_f32(weights)), inputScale), p.step);
    const float32x2_t second = scaleSums(high, vmulq_n_f64(vcvt_high_f64_f32(weights), inputScale), p.step);
    vst1q_f32(p.outOf(tile, token) + row * 4, vcombine_f32(first, second));
  });
}

/// The sum of `columns` values, for the zero point of the weights.
LAPIDARY_INLINE int32_t sumOf(const int8_t *values, int columns) {
  int32x4_t sums = vdupq_n_s32(0);
  for (int column = 0; column < columns; column += 16) {
    sums = vpadalq_s16(sums, vpaddlq_s8(vld1q_s8(values + column)));
  }
  return vaddvq_s32(sums);
}

/// The dots of Quads row quads, from `firstQuad` of a tile on, with Planes planes of values; with the zero point.
template <typename Isa, lap_format Format, int Planes, int Quads>
LAPIDARY_INLINE void dotRows(const uint8_t *tile, const int8_t *x, int64_t planeBytes, int columns, int firstQuad,
                             int32x4_t (&dots)[Planes][RowQuads]) {
  StretchSums<typename Isa::Dot, Format, Planes, Quads> sums;
  const uint8_t *bytes = tile + 4 * LAP_ROW_TILE + firstQuad * 16;
  for (int column = 0; column < columns; column += StretchColumns) {
    sums.add(bytes, x + column, planeBytes);
    bytes += stretchBytes<Format>();
  }
  unrolled<Planes>(
      [&](auto plane) { unrolled<Quads>([&](auto quad) { dots[plane][firstQuad + quad] = sums.dot(plane, quad); }); });
}

/// How many row quads of a tile go together, so that their sums fit the registers.
template <typename Isa, lap_format Format, int Planes> constexpr int quadsTogether() {
  constexpr int registers = Stretch<Format>::sums * Planes * Isa::Dot::registers, most = 20;
  return 4 * registers <= most ? 4 : 2 * registers <= most ? 2 : 1;
}

/// 16 products of one token. A tile that is passed over more than once stays in the first level cache.
template <typename Isa, lap_format Format, int Planes>
LAPIDARY_INLINE void multiplyTile(const RowProduct &p, int tile, int token, const int32_t (&zeros)[LAP_PLANES]) {
  constexpr int together = quadsTogether<Isa, Format, Planes>();
  int32x4_t dots[Planes][RowQuads];
#pragma clang loop unroll(disable)
  for (int quad = 0; quad < RowQuads; quad += together) {
    dotRows<Isa, Format, Planes, together>(p.tile(tile), p.row(token, 0), p.planeBytes, p.columns, quad, dots);
  }
  scaleTile(p, tile, token, Planes,
            [&](int plane, int row) { return vsubq_s32(dots[plane][row], vdupq_n_s32(zeros[plane])); });
}

/// The kernel `matvec` of a row format.
template <typename Isa, lap_format Format> LAPIDARY_INLINE void rowMatvec(const RowProduct &p) {
  for (int token = 0; token < p.tokens; ++token) {
    int32_t zeros[LAP_PLANES] = {}; // what the weights' zero point adds to a dot
    for (int plane = 0; plane < p.planes && Stretch<Format>::zero != 0; ++plane) {
      zeros[plane] = Stretch<Format>::zero * sumOf(p.row(token, plane), p.columns);
    }
    for (int tile = 0; tile < p.tileCount; ++tile) {
      if (p.planes == 1) {
        multiplyTile<Isa, Format, 1>(p, tile, token, zeros);
      } else {
        multiplyTile<Isa, Format, LAP_PLANES>(p, tile, token, zeros);
      }
    }
  }
}

} // namespace lap::arm

#endif // LAPIDARY_TARGETS_ARM_KERNELS_ROWMATVEC_H
