//===- GroupProducts.h - products with integers that have a scale per group -===//
// SPDX-License-Identifier: Apache-2.0
//
// targets/common/algorithms/Matmul.h, GroupMatmul, defines the numbers: the exact integer dot of a group of 32 columns,
// then one multiply-add with the product of the scales, groups in order, planes in order. The dots are the same on all
// versions (Integers.h). A Scaling does the rest, for 32 rows and several rows of activations:
//   Weights      the rows' scales of a group, as floats
//   Total        the sums of 32 rows so far
//   addDots      total[row / Planes] += dots[row] * (weights * scales[row])
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_GROUPPRODUCTS_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_GROUPPRODUCTS_H

#include "targets/common/kernels/ProductArguments.h"
#include "targets/hexagon/kernels/Integers.h"
#include "targets/hexagon/kernels/TileBlocks.h"

namespace lap::hexagon {

constexpr int GroupScaleBytes = 2 * LAP_ROW_TILE; // before the integers of a group
template <lap_format Format> constexpr int groupBytes() { return GroupScaleBytes + stretchBytes<Format>(); }

/// The product's arguments with the sums of the groups of values, which take the zero point out.
struct OffsetGroupProduct : kernels::GroupProduct {
  OffsetGroupProduct(B values, B scales, B sumsBuffer, B weightScales, B weights, B out)
      : GroupProduct(values, scales, weightScales, weights, out), sums(data<int32_t>(sumsBuffer)) {}
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

/// Tokens first .. first + Count - 1 with two tiles.
template <typename Scaling, lap_format Format, int Planes, int Count, typename Columns>
LAPIDARY_INLINE void multiplyPair(const OffsetGroupProduct &p, int tile, int first, Columns &columns) {
  using Rows = GroupRows<Planes, Count>;
  constexpr int bytes = groupBytes<Format>();
  const Rows rows(p, first);
  const uint8_t *tiles = p.tile(tile), *others = p.tile(tile + 1 < p.tileCount ? tile + 1 : tile);
  typename Scaling::Total totals[Count];
  for (int group = 0, end; group < p.columns / LAP_GROUP;) {
    end = group + columns.next(tiles, others, group);
#pragma clang loop unroll_count(Count == 1 ? 4 : 1) // the steps of one row of activations wait for each other
    for (; group < end; ++group) {
      HVX_Vector dots[Rows::rows];
      groupDots<Format>(tiles + GroupScaleBytes, others + GroupScaleBytes, rows, group, static_cast<int>(p.planeBytes),
                        dots);
      Scaling::template addDots<Planes>(dots, typename Scaling::Weights(tiles, others), rows.scales, group, totals);
      tiles += bytes, others += bytes;
    }
  }
  for (int i = 0; i < Count && first + i < p.tokens; ++i) {
    alignas(VectorBytes) float outputs[PairRows];
    totals[i].store(outputs);
    const int written = tile + 1 < p.tileCount ? PairRows : LAP_ROW_TILE;
    __builtin_memcpy(p.outOf(tile, first + i), outputs, static_cast<uint32_t>(written) * sizeof(float));
  }
}

template <typename Scaling, lap_format Format, int Planes, int Count> void multiplyGroups(const OffsetGroupProduct &p) {
  const lapidary::hexagon::TileCut cut = {0, groupBytes<Format>(), static_cast<uint32_t>(p.columns / LAP_GROUP)};
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
#define LAPIDARY_GROUP_KERNELS(Scaling)                                                                                \
  LAPIDARY_GROUP_KERNEL(Scaling, LAP_W8G32, w8g32_bf16s_matvec_16x1, groupMatvec)                                      \
  LAPIDARY_GROUP_KERNEL(Scaling, LAP_W8G32, w8g32_bf16s_matmat_16x8, groupMatmat)                                      \
  LAPIDARY_GROUP_KERNEL(Scaling, LAP_W4G32, w4g32_bf16s_matvec_16x1, groupMatvec)                                      \
  LAPIDARY_GROUP_KERNEL(Scaling, LAP_W4G32, w4g32_bf16s_matmat_16x8, groupMatmat)

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_GROUPPRODUCTS_H
