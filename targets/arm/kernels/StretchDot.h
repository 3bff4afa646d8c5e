//===- StretchDot.h - 32 columns of a tile: multiplied, or unpacked -------===//
// SPDX-License-Identifier: Apache-2.0
//
// The two things the products do with a stretch of packed weights (Integers.h): multiply it as it is with one row of
// activations, or keep it as bytes for many.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_STRETCHDOT_H
#define LAPIDARY_TARGETS_ARM_KERNELS_STRETCHDOT_H

#include "targets/arm/kernels/Integers.h"

namespace lap::arm {

/// The sums of Quads row quads with Planes planes of values; those of fields at different multiples are apart.
template <typename Dot, lap_format Format, int Planes, int Quads> struct StretchSums {
  using Integers = Stretch<Format>;
  typename Dot::Sums sums[Integers::sums][Planes][Quads];

  LAPIDARY_INLINE StretchSums() {
    unrolled<Integers::sums>([&](auto sum) {
      unrolled<Planes>([&](auto plane) { unrolled<Quads>([&](auto quad) { sums[sum][plane][quad] = Dot::from(0); }); });
    });
  }

  /// Adds 32 columns: `bytes` are the first quad's, x the first plane's values.
  LAPIDARY_INLINE void add(const uint8_t *bytes, const int8_t *x, int64_t planeBytes) {
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
  }

  /// The dots of a row quad, with the zero point; exact, because what is shifted out is 0.
  LAPIDARY_INLINE int32x4_t dot(int plane, int quad) const {
    int32x4_t all = vdupq_n_s32(0);
    unrolled<Integers::sums>([&](auto sum) {
      const int32x4_t shift = vdupq_n_s32(-Integers::sumShift(sum));
      all = vaddq_s32(all, vshlq_s32(Dot::total(sums[sum][plane][quad]), shift));
    });
    return all;
  }
};

/// Keeps all 16 rows of the stretch at `from` in `out`, 512 bytes in the order of Tile.
template <typename Tile, lap_format Format> LAPIDARY_INLINE void unpackStretch(const uint8_t *from, int8_t *out) {
  for (int row = 0; row < RowQuads; ++row) {
    int8x16_t quads[StretchQuads];
    unpackRows<Format>(from + row * 16, quads);
    Tile::keep(quads, row, out);
  }
}

} // namespace lap::arm

#endif // LAPIDARY_TARGETS_ARM_KERNELS_STRETCHDOT_H
