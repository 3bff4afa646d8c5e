// RowMatmulKernels.cpp - products with integers that have one scale per row.
// SPDX-License-Identifier: Apache-2.0
//
// The form of the mobile checkpoints. matvec passes over the weights once, which is all that memory allows; matmat
// takes the integers of 32 columns out of their bytes and multiplies them with several tokens while they are in
// registers.
#include "targets/hexagon/kernels/Integers.h"
#include "targets/hexagon/kernels/RowScaling.h"
#include "targets/hexagon/kernels/TileBlocks.h"

using namespace lap::hexagon;
using lap::B;

namespace {

constexpr int ScaleBytes = 4 * LAP_ROW_TILE; // before the integers of a tile

template <lap_format Format> lapidary::hexagon::TileCut cutOf(const RowProduct &p) {
  return {ScaleBytes, stretchBytes<Format>(), static_cast<uint32_t>(p.columns / StretchColumns)};
}

/// Writes the outputs of `count` tokens from `first` on. dots: 128-byte aligned.
template <int Planes>
void finish(const RowProduct &p, const TilePair &pair, int first, int count, const int32_t (*dots)[Planes][PairRows],
            const OutputSteps &steps) {
  for (int i = 0; i < count; ++i) {
    if (Planes == 1 && steps.isPossible()) {
      roundPair(p, pair, first + i, dots[i][0], steps);
    } else {
      scalePair<Planes>(p, pair, first + i, dots[i]);
    }
  }
}

/// Keeps sums without what the weights' offset, `zeros`, adds to them.
LAPIDARY_INLINE void keepDots(HVX_Vector sums, int32_t zeros, int32_t *to) {
  storeAligned(Q6_Vw_vsub_VwVw(sums, splat(zeros)), to);
}

/// One token with the tiles of a part of a product. zeros: of each plane.
template <lap_format Format, int Planes, typename Columns>
void multiplyToken(const RowProduct &p, int token, const int32_t (&zeros)[Planes], Columns &columns) {
  for (int tile = 0; tile < p.tileCount; tile += 2) {
    const TilePair pair(p, tile);
    const uint8_t *first = pair.first + ScaleBytes, *second = pair.second + ScaleBytes;
    const int8_t *x = p.row(token, 0);
    StretchSums<Format, Planes> sums;
    for (int done = 0, count; done < p.columns / StretchColumns; done += count) {
      count = columns.next(first, second, done);
      for (int stretch = count; stretch != 0; --stretch) {
        sums.add(first, second, x, static_cast<int>(p.planeBytes));
        first += stretchBytes<Format>(), second += stretchBytes<Format>(), x += StretchColumns;
      }
    }
    alignas(VectorBytes) int32_t dots[1][Planes][PairRows];
    unrolled<Planes>([&](auto plane) { keepDots(sums.dot(plane), zeros[plane], dots[0][plane]); });
    finish<Planes>(p, pair, token, 1, dots, pair.steps(p, Planes));
  }
}

/// Tokens first .. first + Count - 1 with two tiles; behind the last token stands the last again.
template <lap_format Format, int Planes, int Count, typename Columns>
LAPIDARY_INLINE void multiplyTokens(const RowProduct &p, const TilePair &pair, int first, const int32_t *zeros,
                                    const OutputSteps &steps, Columns &columns) {
  const int8_t *x[Count * Planes]; // [token][plane]
  for (int row = 0; row < Count * Planes; ++row) {
    const int token = first + row / Planes;
    x[row] = p.row(token < p.tokens ? token : p.tokens - 1, row % Planes);
  }
  HVX_Vector sums[Count * Planes];
  unrolled<Count * Planes>([&](auto row) { sums[row] = Q6_V_vzero(); });
  const uint8_t *tiles = pair.first + ScaleBytes, *others = pair.second + ScaleBytes;
  for (int column = 0; column < p.columns;) {
    const int end = column + StretchColumns * columns.next(tiles, others, column / StretchColumns);
    for (; column < end; column += StretchColumns) {
      addToRows<Format>(StretchWeights<Format>(tiles, others), x, column, sums);
      tiles += stretchBytes<Format>(), others += stretchBytes<Format>();
    }
  }
  alignas(VectorBytes) int32_t dots[Count][Planes][PairRows];
  unrolled<Count * Planes>([&](auto row) { keepDots(sums[row], zeros[row], dots[row / Planes][row % Planes]); });
  finish<Planes>(p, pair, first, p.tokens - first < Count ? p.tokens - first : Count, dots, steps);
}

template <lap_format Format, int Planes> void multiplyTokenAlone(const RowProduct &p, int token) {
  int32_t zeros[Planes];
  for (int plane = 0; plane < Planes; ++plane) {
    zeros[plane] = Stretch<Format>::zero * sumOf(p.row(token, plane), p.columns);
  }
  forTileBlocks(p, cutOf<Format>(p), [&](const RowProduct &part, auto &columns) {
    multiplyToken<Format, Planes>(part, token, zeros, columns);
  });
}

template <lap_format Format> int matvec(const RowProduct &p) {
  for (int token = 0; token < p.tokens; ++token) {
    (p.planes == 1 ? multiplyTokenAlone<Format, 1> : multiplyTokenAlone<Format, LAP_PLANES>)(p, token);
  }
  return 0;
}

/// All tokens of a call, Count at a time, with two tiles after the other, which stay in the second level cache
/// meanwhile.
template <lap_format Format, int Planes, int Count> void multiplyAll(const RowProduct &p) {
  int32_t zeros[(lap::MaxRowMatmulRows + Count) * Planes] = {}; // [token][plane]
  for (int row = 0; row < p.tokens * Planes; ++row) {
    zeros[row] = Stretch<Format>::zero * sumOf(p.row(row / Planes, row % Planes), p.columns);
  }
  forTileBlocks(p, cutOf<Format>(p), [&](const RowProduct &part, auto &columns) {
    for (int tile = 0; tile < part.tileCount; tile += 2) {
      const TilePair pair(part, tile);
      const OutputSteps steps = pair.steps(part, Planes);
      for (int token = 0; token < part.tokens; token += Count) {
        multiplyTokens<Format, Planes, Count>(part, pair, token, zeros + token * Planes, steps, columns);
      }
    }
  });
}

template <lap_format Format> int matmat(const RowProduct &p) {
  // As many sums as registers hold beside the weights; of three planes each.
  (p.planes == 1 ? multiplyAll<Format, 1, 8> : multiplyAll<Format, LAP_PLANES, 4>)(p);
  return 0;
}

} // namespace

#define LAPIDARY_ROW_KERNEL(format, symbol, function)                                                                  \
  LAPIDARY_KERNEL(symbol)(B values, B inputScales, B weightScales, B weights, float step, B out) {                     \
    return function<format>({values, inputScales, weightScales, weights, step, out});                                  \
  }
LAPIDARY_ROW_KERNEL(LAP_W2ROW, w2row_f32s_matvec_16x1, matvec)
LAPIDARY_ROW_KERNEL(LAP_W2ROW, w2row_f32s_matmat_16x8, matmat)
LAPIDARY_ROW_KERNEL(LAP_W4ROW, w4row_f32s_matvec_16x1, matvec)
LAPIDARY_ROW_KERNEL(LAP_W4ROW, w4row_f32s_matmat_16x8, matmat)
LAPIDARY_ROW_KERNEL(LAP_W8ROW, w8row_f32s_matvec_16x1, matvec)
LAPIDARY_ROW_KERNEL(LAP_W8ROW, w8row_f32s_matmat_16x8, matmat)
