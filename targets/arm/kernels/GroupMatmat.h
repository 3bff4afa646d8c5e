//===- GroupMatmat.h - many rows of activations, weights in groups --------===//
// SPDX-License-Identifier: Apache-2.0
//
// The numbers are those of GroupMatvec.h. Some columns of a tile are unpacked to bytes and float scales, in the order
// that the instructions take (Isa::Tile), and then serve up to TokenBlock tokens: unpacking is a small part of the work
// and the packed order of the weights does not matter to it. Totals wait in the output between such blocks of columns.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_GROUPMATMAT_H
#define LAPIDARY_TARGETS_ARM_KERNELS_GROUPMATMAT_H

#include "targets/arm/kernels/GroupMatvec.h"
#include "targets/arm/kernels/TokenBlock.h"

namespace lap::arm {

/// Some groups of a tile, unpacked.
template <typename Tile> struct UnpackedGroups {
  static constexpr int most = 16; // 10 KiB with the scales: they and the activations fit a first level cache of 32 KiB
  alignas(64) int8_t weights[most][LAP_ROW_TILE * LAP_GROUP];
  alignas(64) float scales[most][Tile::scalesPerTile];

  /// Groups first..first + groups - 1 of the tile; their scales times the steps of the rows.
  template <lap_format Format> LAPIDARY_INLINE void unpack(const uint8_t *tile, int first, int groups) {
    using Order = GroupOrder<Format>;
    const uint8_t *from = tile + Order::stepBytes + static_cast<int64_t>(first) * Order::groupBytes;
    for (int group = 0; group < groups; ++group) {
      float32x4_t wide[RowQuads];
      widenScales<Format>(from, wide);
      scaleBySteps<Format>(tile, wide);
      Tile::keepScales(wide, scales[group]);
      unpackStretch<Tile, Format>(from + Order::scaleBytes, weights[group]);
      from += Order::groupBytes;
    }
  }
};

/// The same pointer, but the compiler cannot know: it would keep in registers what the planes load again, and spill.
LAPIDARY_INLINE const int8_t *opaque(const int8_t *pointer) {
  asm("" : "+r"(pointer));
  return pointer;
}

/// A token's row of values and of scales (from some group on), and its products with the tile.
struct TokenRow {
  const int8_t *values;
  const float *scales;
  int32_t *out;
};

/// Adds one group of one plane, which is `at` columns into the values, to the totals of Rows rows.
template <typename Tile, int Rows>
LAPIDARY_INLINE void addGroup(const int8_t *weights, const float *weightScales,
                              const int8_t *const (&values)[Tile::tokens], int64_t at, const float (&x)[Tile::tokens],
                              float32x4_t (&totals)[Tile::template vectors<Rows>]) {
  typename Tile::template Block<Rows> block(roundBits);
  Tile::template add<Rows>(block, weights, values, at);
  Tile::template add<Rows>(block, weights + LAP_ROW_TILE * 16, values, at + 16);
  float32x4_t scales[Tile::template vectors<Rows>];
  Tile::template scale<Rows>(weightScales, x, scales);
  unrolled<Tile::template vectors<Rows>>(
      [&](auto i) { totals[i] = vfmaq_f32(totals[i], floatOf(block[i]), scales[i]); });
}

/// Adds `groups` groups to Rows rows, from row `row` of the tile on, of a few tokens. `fresh`: nothing is in the
/// output.
template <typename Tile, int Rows, int Planes>
LAPIDARY_INLINE void addGroups(const UnpackedGroups<Tile> &unpacked, int groups, int row, int64_t planeBytes,
                               const RowBlock<Tile::tokens, TokenRow> &tokens, bool fresh) {
  constexpr int vectors = Tile::template vectors<Rows>;
  const int8_t *values[Tile::tokens];
  const float *scales[Tile::tokens];
  int32_t *out[Tile::tokens];
  unrolled<Tile::tokens>([&](auto t) {
    values[t] = tokens[t].values, scales[t] = tokens[t].scales;
    out[t] = tokens[t].out + row;
  });
  int32x4_t bits[vectors];
  unrolled<vectors>([&](auto i) { bits[i] = vdupq_n_s32(0); });
  if (!fresh) {
    Tile::template load<Rows>(out, bits);
  }
  float32x4_t totals[vectors];
  unrolled<vectors>([&](auto i) { totals[i] = vreinterpretq_f32_s32(bits[i]); });
  const int8_t *weights = unpacked.weights[0] + row * Tile::rowBytes;
  const float *weightScales = unpacked.scales[0] + row * (Tile::scalesPerTile / LAP_ROW_TILE);
  for (int group = 0; group < groups; ++group) {
#pragma clang loop unroll(disable)
    for (int plane = 0; plane < Planes; ++plane) {
      weights = opaque(weights);
      float x[Tile::tokens];
      unrolled<Tile::tokens>([&](auto t) { x[t] = scales[t][plane * (planeBytes >> 2) + group]; });
      addGroup<Tile, Rows>(weights, weightScales, values, plane * planeBytes + group * LAP_GROUP, x, totals);
    }
    weights += LAP_ROW_TILE * LAP_GROUP;
    weightScales += Tile::scalesPerTile;
  }
  unrolled<vectors>([&](auto i) { bits[i] = vreinterpretq_s32_f32(totals[i]); });
  Tile::template store<Rows>(bits, out);
}

/// The products of a tile with `count` tokens from `first` on.
template <typename Isa, lap_format Format, int Planes>
LAPIDARY_INLINE void multiplyTokens(const GroupProduct &p, int tile, int first, int count) {
  using Tile = typename Isa::Tile;
  constexpr int rowsAtOnce = LAP_ROW_TILE / 2, most = UnpackedGroups<Tile>::most;
  UnpackedGroups<Tile> unpacked;
  for (int group = 0, all = p.columns / LAP_GROUP; group < all; group += most) {
    const int groups = all - group < most ? all - group : most;
    unpacked.template unpack<Format>(p.tile(tile), group, groups);
    auto rowOf = [&](int i) {
      const int token = first + i;
      return TokenRow{p.row(token, 0) + group * LAP_GROUP, p.scalesOf(token, 0) + group,
                      reinterpret_cast<int32_t *>(p.outOf(tile, token))};
    };
    for (int i = 0; i < count; i += Tile::tokens) {
      const RowBlock<Tile::tokens, TokenRow> tokens(i, count, rowOf);
      for (int row = 0; row < LAP_ROW_TILE; row += rowsAtOnce) {
        addGroups<Tile, rowsAtOnce, Planes>(unpacked, groups, row, p.planeBytes, tokens, group == 0);
      }
    }
  }
}

/// The kernel `matmat` of a group format.
template <typename Isa, lap_format Format> LAPIDARY_INLINE void groupMatmat(const GroupProduct &p) {
  for (int first = 0; first < p.tokens; first += TokenBlock) {
    const int count = p.tokens - first < TokenBlock ? p.tokens - first : TokenBlock;
    for (int tile = 0; tile < p.tileCount; ++tile) {
      if (p.planes == 1) {
        multiplyTokens<Isa, Format, 1>(p, tile, first, count);
      } else {
        multiplyTokens<Isa, Format, LAP_PLANES>(p, tile, first, count);
      }
    }
  }
}

} // namespace lap::arm

#endif // LAPIDARY_TARGETS_ARM_KERNELS_GROUPMATMAT_H
