//===- QuadTile.h - many rows of activations, dot products by lanes -------===//
// SPDX-License-Identifier: Apache-2.0
//
// How a block of rows x tokens lies in registers when a dot product takes four rows and one token (Neon.h, Dotprod.h):
// vector [row quad][token], lanes are rows. I8mm.h has the same functions for its own order; the products
// (GroupProduct.h, RowProduct.h) know neither.
//
// The unpacked weights of a stretch (512 bytes) are [8 quads of columns][16 rows][4].
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_QUADTILE_H
#define LAPIDARY_TARGETS_ARM_KERNELS_QUADTILE_H

#include "targets/arm/kernels/Integers.h"

namespace lap::arm {

template <typename Dot, int Tokens> struct QuadTile {
  static constexpr int tokens = Tokens;              // rows of activations at a time
  static constexpr int scalesPerTile = LAP_ROW_TILE; // floats kept for the scales of a tile
  static constexpr int rowBytes = 4;                 // of a row in a block of unpacked weights
  template <int Rows> static constexpr int vectors = Rows / 4 * Tokens;

  template <int Rows> struct Block {
    typename Dot::Sums sums[vectors<Rows>];
    LAPIDARY_INLINE explicit Block(int32_t start) {
      unrolled<vectors<Rows>>([&](auto i) { sums[i] = Dot::from(start); });
    }
    LAPIDARY_INLINE int32x4_t operator[](int i) const { return Dot::total(sums[i]); }
  };

  /// Keeps four rows (quad `rowQuad` of the tile) of an unpacked stretch.
  LAPIDARY_INLINE static void keep(const int8x16_t (&quads)[StretchQuads], int rowQuad, int8_t *out) {
    unrolled<StretchQuads>([&](auto i) { vst1q_s8(out + i * LAP_ROW_TILE * 4 + rowQuad * 16, quads[i]); });
  }

  LAPIDARY_INLINE static void keepScales(const float32x4_t (&scales)[RowQuads], float *out) {
    unrolled<RowQuads>([&](auto i) { vst1q_f32(out + i * 4, scales[i]); });
  }

  /// Adds 16 columns: `weights` points at the first row's, x[t] + at at the values of token t.
  template <int Rows>
  LAPIDARY_INLINE static void add(Block<Rows> &block, const int8_t *weights, const int8_t *const (&x)[Tokens],
                                  int64_t at) {
    int8x16_t values[Tokens];
    unrolled<Tokens>([&](auto t) { values[t] = vld1q_s8(x[t] + at); });
    unrolled<4>([&](auto quad) {
      unrolled<Rows / 4>([&](auto row) {
        const int8x16_t w = vld1q_s8(weights + quad * LAP_ROW_TILE * 4 + row * 16);
        unrolled<Tokens>(
            [&](auto t) { Dot::template add<decltype(quad)::value>(block.sums[row * Tokens + t], w, values[t]); });
      });
    });
  }

  /// scales[vector] = weight scale * x[token]; `weights` points at the first row's kept scale.
  template <int Rows>
  LAPIDARY_INLINE static void scale(const float *weights, const float (&x)[Tokens],
                                    float32x4_t (&scales)[vectors<Rows>]) {
    unrolled<Rows / 4>([&](auto row) {
      const float32x4_t w = vld1q_f32(weights + row * 4);
      unrolled<Tokens>([&](auto t) { scales[row * Tokens + t] = vmulq_n_f32(w, x[t]); });
    });
  }

  /// The block from / to rows of 32-bit elements, out[t] the first row of the weight's.
  template <int Rows>
  LAPIDARY_INLINE static void load(int32_t *const (&out)[Tokens], int32x4_t (&block)[vectors<Rows>]) {
    unrolled<vectors<Rows>>([&](auto i) { block[i] = vld1q_s32(out[i % Tokens] + i / Tokens * 4); });
  }
  template <int Rows>
  LAPIDARY_INLINE static void store(const int32x4_t (&block)[vectors<Rows>], int32_t *const (&out)[Tokens]) {
    unrolled<vectors<Rows>>([&](auto i) { vst1q_s32(out[i % Tokens] + i / Tokens * 4, block[i]); });
  }
};

} // namespace lap::arm

#endif // LAPIDARY_TARGETS_ARM_KERNELS_QUADTILE_H
