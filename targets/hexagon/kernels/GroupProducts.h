//===- GroupProducts.h - products with integers that have a scale per group -===//
// SPDX-License-Identifier: Apache-2.0
//
// targets/common/algorithms/Matmul.h, GroupMatmul, defines the numbers: the exact integer dot of a group of 32 columns,
// then one multiply-add with the product of the scales, groups in order, planes in order; where scales are multiples of
// steps, the rows' steps in the end. The dots are the same on all versions (Integers.h). A Scaling does the rest, for
// 32 rows and several rows of activations:
//   Scales       the rows' scales of a group (bf16 or int8), or their steps (bf16), as floats
//   Total        the sums of 32 rows so far
//   addDots      total[row / Planes] += dots[row] * (weights * scales[row])
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_GROUPPRODUCTS_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_GROUPPRODUCTS_H

#include "targets/common/PackedLayout.h"
#include "targets/common/kernels/ProductArguments.h"
#include "targets/hexagon/kernels/Integers.h"
#include "targets/hexagon/kernels/TileBlocks.h"

namespace lap::hexagon {

/// Of a tile: the steps in front of its groups, a group, and the scales in front of a group's integers.
template <lap_format Format> struct GroupTile {
  static constexpr int stepBytes = lapidary::stepBytes(Format, LAP_ROW_TILE);
  static constexpr int groupBytes = lapidary::groupStride(Format, LAP_ROW_TILE);
  static constexpr int scaleBytes = lapidary::groupScaleBytes(Format) * LAP_ROW_TILE;
  static_assert(groupBytes == scaleBytes + stretchBytes<Format>());
};

/// The product's arguments with the sums of the groups of values, which take the zero point out.
struct OffsetGroupProduct : kernels::GroupProduct {
  /// tiles: what tiles begin with, steps or scales.
  OffsetGroupProduct(B values, B scales, B sumsBuffer, B tiles, B weights, B out)
      : GroupProduct(values, scales, tiles, weights, out), sums(data<int32_t>(sumsBuffer)) {}
  const int32_t *sumsOf(int token, int plane) const {
    return sums + token * (tokenBytes >> 2) + plane * (planeBytes >> 2);
  }
  const int32_t *sums; // [token][plane][columns / 32], in the rows of values
};

/// Count tokens from `first` on, with Planes rows of activations each; behind the last token stands the last again.
template <int Planes, int Count> struct GroupRows {
  static constexpr int rows = Planes * Count;
  const int8_t *x[rows]; // [token][plane]
  const float *scales[rows];
  const int32_t *sums[rows];

  GroupRows(const OffsetGroupProduct &p, int first) {
    for (int row = 0; row < rows; ++row) {
      const int token = first + row / Planes < p.tokens ? first + row / Planes : p.tokens - 1;
      x[row] = p.row(token, row % Planes), scales[row] = p.scalesOf(token, row % Planes);
      sums[row] = p.sumsOf(token, row % Planes);
    }
  }
};

/// The scales of the group that starts here, 16 rows of each tile.
template <typename Scaling, lap_format Format>
LAPIDARY_INLINE typename Scaling::Scales scalesOf(const uint8_t *tile, const uint8_t *other) {
  if constexpr (lapidary::hasScaleSteps(Format)) {
    return {reinterpret_cast<const int8_t *>(tile), reinterpret_cast<const int8_t *>(other)};
  } else {
    return {reinterpret_cast<const uint16_t *>(tile), reinterpret_cast<const uint16_t *>(other)};
  }
}

/// The dots of a group of two tiles, `tiles` and `others` being its integers, with each row of activations.
template <lap_format Format, int Planes, int Count>
LAPIDARY_INLINE void groupDots(const uint8_t *tiles, const uint8_t *others, const GroupRows<Planes, Count> &rows,
                               int group, int planeBytes, HVX_Vector (&dots)[Planes * Count]) {
  unrolled<Planes * Count>([&](auto row) { dots[row] = splat(rows.sums[row][group] * -Stretch<Format>::zero); });
  if constexpr (Count == 1) { // several sums of a row, because an instruction cannot wait for another of its packet
    StretchSums<Format, Planes> sums;
    sums.add(tiles, others, rows.x[0] + group * LAP_GROUP, planeBytes);
    unrolled<Planes>([&](auto plane) { dots[plane] = Q6_Vw_vadd_VwVw(dots[plane], sums.dot(plane)); });
  } else {
    addToRows<Format>(StretchWeights<Format>(tiles, others), rows.x, group * LAP_GROUP, dots);
  }
}

/// Two tiles of a product; behind the last tile stands the last again.
struct GroupPair {
  const uint8_t *tile, *other;
  LAPIDARY_INLINE GroupPair(const OffsetGroupProduct &p, int index)
      : tile(p.tile(index)), other(p.tile(index + 1 < p.tileCount ? index + 1 : index)) {}
};

/// The totals of tokens first .. first + Count - 1, in steps of their rows where a format has them, to the outputs.
template <lap_format Format, typename Scaling, int Count>
LAPIDARY_INLINE void storeTotals(const OffsetGroupProduct &p, int tile, int first,
                                 typename Scaling::Total (&totals)[Count]) {
  if constexpr (lapidary::hasScaleSteps(Format)) {
    const GroupPair pair(p, tile);
    const typename Scaling::Scales steps(reinterpret_cast<const uint16_t *>(pair.tile),
                                         reinterpret_cast<const uint16_t *>(pair.other));
    unrolled<Count>([&](auto i) { totals[i].multiply(steps); });
  }
  for (int i = 0; i < Count && first + i < p.tokens; ++i) {
    alignas(VectorBytes) float outputs[PairRows];
    totals[i].store(outputs);
    const int written = tile + 1 < p.tileCount ? PairRows : LAP_ROW_TILE;
    __builtin_memcpy(p.outOf(tile, first + i), outputs, static_cast<uint32_t>(written) * sizeof(float));
  }
}

/// Tokens first .. first + Count - 1 with two tiles.
template <typename Scaling, lap_format Format, int Planes, int Count, typename Columns>
LAPIDARY_INLINE void multiplyPair(const OffsetGroupProduct &p, int tile, int first, Columns &columns) {
  using Rows = GroupRows<Planes, Count>;
  using Tile = GroupTile<Format>;
  const Rows rows(p, first);
  const GroupPair pair(p, tile);
  const uint8_t *tiles = pair.tile + Tile::stepBytes, *others = pair.other + Tile::stepBytes;
  typename Scaling::Total totals[Count];
  for (int group = 0, end; group < p.columns / LAP_GROUP;) {
    end = group + columns.next(tiles, others, group);
#pragma clang loop unroll_count(Count == 1 ? 4 : 1) // the steps of one row of activations wait for each other
    for (; group < end; ++group) {
      HVX_Vector dots[Rows::rows];
      groupDots<Format>(tiles + Tile::scaleBytes, others + Tile::scaleBytes, rows, group,
                        static_cast<int>(p.planeBytes), dots);
      Scaling::template addDots<Planes>(dots, scalesOf<Scaling, Format>(tiles, others), rows.scales, group, totals);
      tiles += Tile::groupBytes, others += Tile::groupBytes;
    }
  }
  storeTotals<Format, Scaling>(p, tile, first, totals);
}

template <typename Scaling, lap_format Format, int Planes, int Count> void multiplyGroups(const OffsetGroupProduct &p) {
  const lapidary::hexagon::TileCut cut = {GroupTile<Format>::stepBytes, GroupTile<Format>::groupBytes,
                                          static_cast<uint32_t>(p.columns / LAP_GROUP)};
  forTileBlocks(p, cut, [](const OffsetGroupProduct &part, auto &columns) {
    for (int token = 0; token < part.tokens; token += Count) {
      for (int tile = 0; tile < part.tileCount; tile += 2) {
        multiplyPair<Scaling, Format, Planes, Count>(part, tile, token, columns);
      }
    }
  });
}

template <typename Scaling, lap_format Format> LAPIDARY_INLINE int groupMatvec(const OffsetGroupProduct &p) {
  (p.planes == 1 ? multiplyGroups<Scaling, Format, 1, 1> : multiplyGroups<Scaling, Format, LAP_PLANES, 1>)(p);
  return 0;
}

template <typename Scaling, lap_format Format> LAPIDARY_INLINE int groupMatmat(const OffsetGroupProduct &p) {
  (p.planes == 1 ? multiplyGroups<Scaling, Format, 1, 8> : multiplyGroups<Scaling, Format, LAP_PLANES, 4>)(p);
  return 0;
}

} // namespace lap::hexagon

/// Defines the kernels of the group formats with a Scaling.
#define LAPIDARY_GROUP_KERNEL(Scaling, format, symbol, function)                                                       \
  LAPIDARY_KERNEL(symbol)(B values, B scales, B sums, B weightScales, B weights, B out) {                              \
    return lap::hexagon::function<Scaling, format>({values, scales, sums, weightScales, weights, out});                \
  }
#define LAPIDARY_STEPPED_GROUP_KERNEL(Scaling, format, symbol, function)                                               \
  LAPIDARY_KERNEL(symbol)(B values, B scales, B sums, B steps, B, B weights, B out) {                                  \
    return lap::hexagon::function<Scaling, format>({values, scales, sums, steps, weights, out});                       \
  }
#define LAPIDARY_GROUP_KERNELS(Scaling)                                                                                \
  LAPIDARY_GROUP_KERNEL(Scaling, LAP_W8G32, w8g32_bf16s_matvec_16x1, groupMatvec)                                      \
  LAPIDARY_GROUP_KERNEL(Scaling, LAP_W8G32, w8g32_bf16s_matmat_16x8, groupMatmat)                                      \
  LAPIDARY_GROUP_KERNEL(Scaling, LAP_W4G32, w4g32_bf16s_matvec_16x1, groupMatvec)                                      \
  LAPIDARY_GROUP_KERNEL(Scaling, LAP_W4G32, w4g32_bf16s_matmat_16x8, groupMatmat)                                      \
  LAPIDARY_STEPPED_GROUP_KERNEL(Scaling, LAP_W4G32S8, w4g32_i8s_matvec_16x1, groupMatvec)                              \
  LAPIDARY_STEPPED_GROUP_KERNEL(Scaling, LAP_W4G32S8, w4g32_i8s_matmat_16x8, groupMatmat)

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_GROUPPRODUCTS_H
