//===- I8mm.h - products of bytes with smmla ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// ARMv8.6 with i8mm (Neoverse V1): one instruction adds eight columns of two rows times two tokens. One row of
// activations still runs with sdot, which does as much for it; for many, weights are brought from the packed order into
// pairs of rows when they are unpacked, two zips for 32 bytes that serve all tokens, so that no second packed layout
// is needed.
//
// A vector of a block is [row pair][token pair], lanes are (token, row). The unpacked weights of a stretch (512 bytes)
// are [4 blocks of 8 columns][8 row pairs][2 rows][8].
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_I8MM_H
#define LAPIDARY_TARGETS_ARM_KERNELS_I8MM_H

#include "targets/arm/kernels/Dotprod.h"

namespace lap::arm {

/// Has the functions of QuadTile, which says what they do.
struct PairTile {
  static constexpr int tokens = 4, tokenPairs = tokens / 2;
  static constexpr int scalesPerTile = 2 * LAP_ROW_TILE; // every pair twice
  static constexpr int rowBytes = 8;
  template <int Rows> static constexpr int vectors = Rows / 2 * tokenPairs;

  template <int Rows> struct Block {
    int32x4_t sums[vectors<Rows>];
    LAPIDARY_INLINE explicit Block(int32_t start) {
      unrolled<vectors<Rows>>([&](auto i) { sums[i] = vdupq_n_s32(start); });
    }
    LAPIDARY_INLINE int32x4_t operator[](int i) const { return sums[i]; }
  };

  LAPIDARY_INLINE static void keep(const int8x16_t (&quads)[StretchQuads], int rowQuad, int8_t *out) {
    unrolled<StretchQuads / 2>([&](auto i) {
      int8_t *pairs = out + i * LAP_ROW_TILE * 8 + rowQuad * 32;
      const int32x4_t even = vreinterpretq_s32_s8(quads[2 * i]), odd = vreinterpretq_s32_s8(quads[2 * i + 1]);
      vst1q_s8(pairs, vreinterpretq_s8_s32(vzip1q_s32(even, odd)));
      vst1q_s8(pairs + 16, vreinterpretq_s8_s32(vzip2q_s32(even, odd)));
    });
  }

  LAPIDARY_INLINE static void keepScales(const float32x4_t (&scales)[RowQuads], float *out) {
    unrolled<RowQuads>([&](auto i) {
      const float64x2_t pairs = vreinterpretq_f64_f32(scales[i]);
      vst1q_f64(reinterpret_cast<double *>(out + i * 8), vzip1q_f64(pairs, pairs));
      vst1q_f64(reinterpret_cast<double *>(out + i * 8 + 4), vzip2q_f64(pairs, pairs));
    });
  }

  template <int Rows>
  LAPIDARY_INLINE static void add(Block<Rows> &block, const int8_t *weights, const int8_t *const (&x)[tokens],
                                  int64_t at) {
    int8x16_t halves[2][tokenPairs]; // 8 columns of two tokens
    unrolled<tokenPairs>([&](auto t) {
      const int64x2_t even = vreinterpretq_s64_s8(vld1q_s8(x[2 * t] + at));
      const int64x2_t odd = vreinterpretq_s64_s8(vld1q_s8(x[2 * t + 1] + at));
      halves[0][t] = vreinterpretq_s8_s64(vzip1q_s64(even, odd));
      halves[1][t] = vreinterpretq_s8_s64(vzip2q_s64(even, odd));
    });
    unrolled<2>([&](auto half) {
      unrolled<Rows / 2>([&](auto row) {
        const int8x16_t w = vld1q_s8(weights + half * LAP_ROW_TILE * 8 + row * 16);
        unrolled<tokenPairs>([&](auto t) {
          int32x4_t &sum = block.sums[row * tokenPairs + t];
          sum = vmmlaq_s32(sum, halves[half][t], w);
        });
      });
    });
  }

  template <int Rows>
  LAPIDARY_INLINE static void scale(const float *weights, const float (&x)[tokens],
                                    float32x4_t (&scales)[vectors<Rows>]) {
    unrolled<tokenPairs>([&](auto t) {
      const float32x4_t pair = vcombine_f32(vdup_n_f32(x[2 * t]), vdup_n_f32(x[2 * t + 1]));
      unrolled<Rows / 2>(
          [&](auto row) { scales[row * tokenPairs + t] = vmulq_f32(vld1q_f32(weights + row * 4), pair); });
    });
  }

  template <int Rows>
  LAPIDARY_INLINE static void load(int32_t *const (&out)[tokens], int32x4_t (&block)[vectors<Rows>]) {
    unrolled<vectors<Rows>>([&](auto i) {
      const int row = i / tokenPairs * 2, token = i % tokenPairs * 2;
      block[i] = vcombine_s32(vld1_s32(out[token] + row), vld1_s32(out[token + 1] + row));
    });
  }

  template <int Rows>
  LAPIDARY_INLINE static void store(const int32x4_t (&block)[vectors<Rows>], int32_t *const (&out)[tokens]) {
    unrolled<vectors<Rows>>([&](auto i) {
      const int row = i / tokenPairs * 2, token = i % tokenPairs * 2;
      vst1_s32(out[token] + row, vget_low_s32(block[i]));
      vst1_s32(out[token + 1] + row, vget_high_s32(block[i]));
    });
  }
};

struct I8mm {
  using Dot = LaneDot;
  using Tile = PairTile;
};

} // namespace lap::arm

#endif // LAPIDARY_TARGETS_ARM_KERNELS_I8MM_H
