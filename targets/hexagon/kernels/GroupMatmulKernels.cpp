// GroupMatmulKernels.cpp - products with integers that have a scale per group of 32 columns.
// SPDX-License-Identifier: Apache-2.0
//
// targets/common/algorithms/Matmul.h, GroupMatmul, defines the numbers: the exact integer dot of a group, then one
// fused multiply-add with the product of the scales, groups in order, planes in order. Floats are scalar, 32 of them
// for eight vector products: on a DSP the row formats are several times as fast.
#include "targets/common/kernels/ProductArguments.h"
#include "targets/hexagon/kernels/Integers.h"
#include "targets/hexagon/kernels/Math.h"

using namespace lap::hexagon;
using lap::B;

namespace {

constexpr int ScaleBytes = 2 * LAP_ROW_TILE; // before the integers of a group

/// The product's arguments with the sums of the groups of values, which take the zero point out.
struct OffsetGroupProduct : lap::kernels::GroupProduct {
  OffsetGroupProduct(B values, B scales, B sumsBuffer, B weightScales, B weights, B out)
      : GroupProduct(values, scales, weightScales, weights, out), sums(data<int32_t>(sumsBuffer)) {}
  const int32_t *sumsOf(int token, int plane) const {
    return sums + token * (tokenBytes >> 2) + plane * (planeBytes >> 2);
  }
  const int32_t *sums; // [token][plane][columns / 32], in the rows of values
};

/// Adds the dots of a group, scaled, to the totals of 32 rows. scales: of the two tiles' rows.
LAPIDARY_INLINE void scaleDots(const int32_t *dots, const uint16_t *first, const uint16_t *second, float scale,
                               float *totals) {
  for (int row = 0; row < LAP_ROW_TILE; ++row) {
    totals[row] = fusedMulAdd(static_cast<float>(dots[row]), fromBf16(first[row]) * scale, totals[row]);
  }
  totals += LAP_ROW_TILE, dots += LAP_ROW_TILE;
  for (int row = 0; row < LAP_ROW_TILE; ++row) {
    totals[row] = fusedMulAdd(static_cast<float>(dots[row]), fromBf16(second[row]) * scale, totals[row]);
  }
}

/// Tokens first .. first + Count - 1 with two tiles; behind the last stands the last again.
template <lap_format Format, int Planes, int Count>
LAPIDARY_INLINE void multiplyPair(const OffsetGroupProduct &p, int tile, int first) {
  constexpr int rows = Planes * Count, groupBytes = ScaleBytes + stretchBytes<Format>();
  const int8_t *x[rows]; // [token][plane]
  const float *scales[rows];
  const int32_t *zeros[rows];
  for (int row = 0; row < rows; ++row) {
    const int token = first + row / Planes < p.tokens ? first + row / Planes : p.tokens - 1;
    x[row] = p.row(token, row % Planes), scales[row] = p.scalesOf(token, row % Planes);
    zeros[row] = p.sumsOf(token, row % Planes);
  }
  const uint8_t *tiles = p.tile(tile), *others = p.tile(tile + 1 < p.tileCount ? tile + 1 : tile);
  alignas(VectorBytes) int32_t dots[rows][PairRows];
  float totals[Count][PairRows] = {};
  for (int group = 0, groups = p.columns / LAP_GROUP; group < groups; ++group) {
    HVX_Vector sums[rows];
    unrolled<rows>([&](auto row) { sums[row] = splat(zeros[row][group] * -Stretch<Format>::zero); });
    addToRows<Format>(StretchWeights<Format>(tiles + ScaleBytes, others + ScaleBytes), x, group * LAP_GROUP, sums);
    unrolled<rows>([&](auto row) { storeAligned(sums[row], dots[row]); });
    for (int row = 0; row < rows; ++row) {
      scaleDots(dots[row], reinterpret_cast<const uint16_t *>(tiles), reinterpret_cast<const uint16_t *>(others),
                scales[row][group], totals[row / Planes]);
    }
    tiles += groupBytes, others += groupBytes;
  }
  for (int i = 0; i < Count && first + i < p.tokens; ++i) {
    for (int row = 0; row < PairRows && tile + row / LAP_ROW_TILE < p.tileCount; ++row) {
      p.outOf(tile, first + i)[row] = totals[i][row];
    }
  }
}

template <lap_format Format, int Planes, int Count> void multiply(const OffsetGroupProduct &p) {
  for (int token = 0; token < p.tokens; token += Count) {
    for (int tile = 0; tile < p.tileCount; tile += 2) {
      multiplyPair<Format, Planes, Count>(p, tile, token);
    }
  }
}

template <lap_format Format> LAPIDARY_INLINE int matvec(const OffsetGroupProduct &p) {
  return (p.planes == 1 ? multiply<Format, 1, 1> : multiply<Format, LAP_PLANES, 1>)(p), 0;
}

template <lap_format Format> LAPIDARY_INLINE int matmat(const OffsetGroupProduct &p) {
  return (p.planes == 1 ? multiply<Format, 1, 8> : multiply<Format, LAP_PLANES, 4>)(p), 0;
}

} // namespace

#define LAPIDARY_GROUP_KERNEL(format, symbol, function)                                                                \
  LAPIDARY_KERNEL(symbol)(B values, B scales, B sums, B weightScales, B weights, B out) {                              \
    return function<format>({values, scales, sums, weightScales, weights, out});                                       \
  }
LAPIDARY_GROUP_KERNEL(LAP_W8G32, w8g32_bf16s_matvec_16x1, matvec)
LAPIDARY_GROUP_KERNEL(LAP_W8G32, w8g32_bf16s_matmat_16x8, matmat)
LAPIDARY_GROUP_KERNEL(LAP_W4G32, w4g32_bf16s_matvec_16x1, matvec)
LAPIDARY_GROUP_KERNEL(LAP_W4G32, w4g32_bf16s_matmat_16x8, matmat)
