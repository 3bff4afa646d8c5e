//===- RowMatvec.h - one row of activations, one scale per row of weights -===//
// SPDX-License-Identifier: Apache-2.0
//
// targets/common/algorithms/Matmul.h, RowMatmul, defines the numbers: an exact integer dot, planes weighted by powers
// of 256, then f64.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_ROWMATVEC_H
#define LAPIDARY_TARGETS_ARM_KERNELS_ROWMATVEC_H

#include "targets/arm/kernels/Arguments.h"
#include "targets/arm/kernels/Integers.h"

namespace lap::arm {

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

/// The dots of Quads row quads with Planes planes of values, without the zero point; `bytes` are the first quad's.
template <typename Isa, lap_format Format, int Planes, int Quads>
LAPIDARY_INLINE void dotRows(const uint8_t *bytes, const int8_t *x, int64_t planeBytes, int columns,
                             int32x4_t (&dots)[Planes][RowQuads], int firstQuad) {
  using Dot = typename Isa::Dot;
  using Integers = Stretch<Format>;
  typename Dot::Sums sums[Integers::sums][Planes][Quads];
  unrolled<Integers::sums * Planes * Quads>(
      [&](auto i) { sums[i / (Planes * Quads)][i / Quads % Planes][i % Quads] = Dot::from(0); });
  for (int column = 0; column < columns; column += StretchColumns) {
    int8x16_t values[Planes][2];
    unrolled<Planes * 2>([&](auto i) { values[i / 2][i % 2] = vld1q_s8(x + i / 2 * planeBytes + i % 2 * 16); });
    unrolled<stretchBlocks<Format>()>([&](auto block) {
      unrolled<Quads>([&](auto row) {
        const uint8x16_t stored = vld1q_u8(bytes + block * LAP_ROW_TILE * 4 + row * 16);
        unrolled<Integers::fields>([&](auto field) {
          constexpr int quad = Integers::quad(decltype(block)::value, decltype(field)::value);
          constexpr int sum = Integers::sumOf(decltype(field)::value);
          const int8x16_t weights = Integers::template inPlace<decltype(field)::value>(stored);
          unrolled<Planes>([&](auto plane) {
            Dot::template add<quad % 4>(sums[sum][plane][row], weights, values[plane][quad / 4]);
          });
        });
      });
    });
    x += StretchColumns;
    bytes += stretchBytes<Format>();
  }
  unrolled<Planes * Quads>([&](auto i) {
    int32x4_t dot = vdupq_n_s32(0);
    unrolled<Integers::sums>([&](auto sum) { // exact: multiples of what is shifted out
      const int32x4_t part = Dot::total(sums[sum][i / Quads][i % Quads]);
      dot = vaddq_s32(dot, vshlq_s32(part, vdupq_n_s32(-Integers::sumShift(sum))));
    });
    dots[i / Quads][firstQuad + i % Quads] = dot;
  });
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
  const uint8_t *bytes = p.tile(tile) + 4 * LAP_ROW_TILE;
  int32x4_t dots[Planes][RowQuads];
#pragma clang loop unroll(disable)
  for (int quad = 0; quad < RowQuads; quad += together) {
    dotRows<Isa, Format, Planes, together>(bytes + quad * 16, p.row(token, 0), p.planeBytes, p.columns, dots, quad);
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
