//===- RowMatmat.h - many rows of activations, one scale per row of weights -===//
// SPDX-License-Identifier: Apache-2.0
//
// The numbers are those of RowMatvec.h, the way is that of GroupMatmat.h. A plane of a token is a row like any other
// until the end; sums wait in memory between blocks of columns.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_ROWMATMAT_H
#define LAPIDARY_TARGETS_ARM_KERNELS_ROWMATMAT_H

#include "targets/arm/kernels/RowMatvec.h"
#include "targets/arm/kernels/TokenBlock.h"

namespace lap::arm {

static_assert(TokenBlock >= static_cast<int>(MaxRowMatmulRows), "the sums of a call fit");

/// Some stretches of a tile, unpacked, and the sums of a tile: 20 KiB.
template <typename Tile> struct RowScratch {
  static constexpr int most = 16; // stretches
  alignas(64) int8_t weights[most][LAP_ROW_TILE * StretchColumns];
  alignas(64) int32_t sums[TokenBlock * LAP_PLANES][LAP_ROW_TILE];

  template <lap_format Format> LAPIDARY_INLINE void unpack(const uint8_t *from, int stretches) {
    for (int stretch = 0; stretch < stretches; ++stretch) {
      unpackStretch<Tile, Format>(from, weights[stretch]);
      from += stretchBytes<Format>();
    }
  }
};

/// A row of values, and its 16 sums.
struct ValueRow {
  const int8_t *values;
  int32_t *sums;
};

/// Adds the unpacked stretches to the sums of a few rows of values. `fresh`: there are none yet.
template <typename Tile>
LAPIDARY_INLINE void addStretches(RowScratch<Tile> &scratch, int stretches,
                                  const RowBlock<Tile::tokens, ValueRow> &rows, bool fresh) {
  constexpr int vectors = Tile::template vectors<LAP_ROW_TILE>;
  const int8_t *values[Tile::tokens];
  int32_t *out[Tile::tokens];
  unrolled<Tile::tokens>([&](auto t) { values[t] = rows[t].values, out[t] = rows[t].sums; });
  typename Tile::template Block<LAP_ROW_TILE> block(0);
  const int8_t *weights = scratch.weights[0];
  for (int at = 0; at < stretches * StretchColumns; at += 16) {
    Tile::template add<LAP_ROW_TILE>(block, weights, values, at);
    weights += LAP_ROW_TILE * 16;
  }
  int32x4_t sums[vectors];
  unrolled<vectors>([&](auto i) { sums[i] = vdupq_n_s32(0); });
  if (!fresh) {
    Tile::template load<LAP_ROW_TILE>(out, sums);
  }
  unrolled<vectors>([&](auto i) { sums[i] = vaddq_s32(sums[i], block[i]); });
  Tile::template store<LAP_ROW_TILE>(sums, out);
}

/// The products of a tile with all tokens, at most TokenBlock.
template <typename Isa, lap_format Format> LAPIDARY_INLINE void multiplyTile(const RowProduct &p, int tile) {
  using Tile = typename Isa::Tile;
  RowScratch<Tile> scratch;
  constexpr int most = RowScratch<Tile>::most;
  for (int first = 0, all = p.columns / StretchColumns; first < all; first += most) {
    const int stretches = all - first < most ? all - first : most;
    const uint8_t *bytes = p.tile(tile) + 4 * LAP_ROW_TILE + static_cast<int64_t>(first) * stretchBytes<Format>();
    scratch.template unpack<Format>(bytes, stretches);
    auto rowOf = [&](int i) {
      return ValueRow{p.row(i / p.planes, i % p.planes) + first * StretchColumns, scratch.sums[i]};
    };
    const int rows = p.tokens * p.planes;
    for (int i = 0; i < rows; i += Tile::tokens) {
      addStretches<Tile>(scratch, stretches, RowBlock<Tile::tokens, ValueRow>(i, rows, rowOf), first == 0);
    }
  }
  for (int token = 0; token < p.tokens; ++token) {
    scaleTile(p, tile, token, p.planes,
              [&](int plane, int row) { return vld1q_s32(scratch.sums[token * p.planes + plane] + row * 4); });
  }
}

/// The kernel `matmat` of a row format.
template <typename Isa, lap_format Format> LAPIDARY_INLINE void rowMatmat(const RowProduct &p) {
  for (int tile = 0; tile < p.tileCount; ++tile) {
    multiplyTile<Isa, Format>(p, tile);
  }
}

} // namespace lap::arm

#endif // LAPIDARY_TARGETS_ARM_KERNELS_ROWMATMAT_H
