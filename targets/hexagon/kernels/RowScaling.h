//===- RowScaling.h - integer dots to floats, one scale per row -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// targets/common/algorithms/Matmul.h, RowMatmul, defines the numbers: the exact sum of the planes' dots, weighted by
// powers of 256, times the product of the two scales in f64.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_ROWSCALING_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_ROWSCALING_H

#include "targets/common/kernels/ProductArguments.h"
#include "targets/hexagon/kernels/Hvx.h"
#include "targets/hexagon/kernels/Math.h"
#include "targets/hexagon/kernels/OutputSteps.h"

namespace lap::hexagon {

using kernels::RowProduct;

/// A whole number below 2^53, scaled, as it is defined; the product of two floats is exact in f64. Twenty times as slow
/// as what follows: a DSP computes f64 in software.
[[gnu::noinline]] static float scaleExactly(int64_t sum, float inputScale, float weightScale, float step) {
  const double scale = static_cast<double>(inputScale) * static_cast<double>(weightScale);
  const double y = static_cast<double>(sum) * scale;
  if (step == 0.0f) {
    return static_cast<float>(y);
  }
  const double steps = __builtin_rint(y / static_cast<double>(step));
  return step * static_cast<float>(steps < -128.0 ? -128.0 : steps > 127.0 ? 127.0 : steps);
}

constexpr float Smallest = 0x1p-80f, Largest = 0x1p80f; // of numbers whose products and rests are far from subnormal
LAPIDARY_INLINE bool isOrdinary(float x) { return x >= Smallest && x <= Largest; }

/// sum * inputScale * weightScale as the sum of two floats, p + rest, whose error is 2^-45 of it; `out` is their sum.
/// False when that is so near the middle between two floats, or so small or large, that the definition may round it
/// elsewhere.
LAPIDARY_INLINE bool scaleQuickly(int64_t sum, float inputScale, float weightScale, float &out) {
  const float scale = inputScale * weightScale, scaleRest = fusedMulAdd(inputScale, weightScale, -scale);
  const float whole = static_cast<float>(sum), wholeRest = static_cast<float>(sum - static_cast<int64_t>(whole));
  const float p = whole * scale;
  const float rest = fusedMulAdd(wholeRest, scale, fusedMulAdd(whole, scaleRest, fusedMulAdd(whole, scale, -p)));
  out = p + rest;
  const float lost = (p - out) + rest;
  const uint32_t bits = __builtin_bit_cast(uint32_t, out);
  const float halfUnit = __builtin_bit_cast(float, (bits & 0x7f800000u) - (24u << 23));
  return isOrdinary(scale) && isOrdinary(magnitude(out)) && (bits & 0x7fffffu) != 0 &&
         magnitude(lost) < halfUnit * 0.999f;
}

/// The output of a whole number below 2^53.
LAPIDARY_INLINE float scaleSum(int64_t sum, float inputScale, float weightScale, float step) {
  float out = 0.0f;
  return step == 0.0f && scaleQuickly(sum, inputScale, weightScale, out)
             ? out
             : scaleExactly(sum, inputScale, weightScale, step);
}

/// Two tiles that are multiplied together. The last of an odd number stands for its successor as well, and what comes
/// of that is not written.
struct TilePair {
  int tile, rows;
  const uint8_t *first, *second;

  TilePair(const RowProduct &p, int tile)
      : tile(tile), rows(tile + 1 < p.tileCount ? PairRows : LAP_ROW_TILE), first(p.tile(tile)),
        second(p.tile(tile + rows / LAP_ROW_TILE - 1)) {}

  float weightScale(int row) const {
    return reinterpret_cast<const float *>(row < LAP_ROW_TILE ? first : second)[row % LAP_ROW_TILE];
  }
  /// For tokens of one plane that have their scale in common; otherwise they are not possible.
  OutputSteps steps(const RowProduct &p, int planes) const {
    const bool common = planes == 1 && (p.tokens == 1 || p.inputScaleFloats == 0);
    return {reinterpret_cast<const float *>(first), reinterpret_cast<const float *>(second), p.inputScale(0),
            common ? p.step : 0.0f};
  }
};

/// Writes the products of two tiles with a token. dots: [Planes][32 rows], the highest plane first.
template <int Planes>
LAPIDARY_INLINE void scalePair(const RowProduct &p, const TilePair &pair, int token,
                               const int32_t (&dots)[Planes][PairRows]) {
  const float inputScale = p.inputScale(token);
  float *out = p.outOf(pair.tile, token);
  for (int row = 0; row < pair.rows; ++row) {
    int64_t sum = 0;
    for (int plane = 0; plane < Planes; ++plane) {
      sum = sum * 256 + dots[plane][row];
    }
    out[row] = scaleSum(sum, inputScale, pair.weightScale(row), p.step);
  }
}

/// The same for outputs that are rounded to steps.
LAPIDARY_INLINE void roundPair(const RowProduct &p, const TilePair &pair, int token, const int32_t *dots,
                               const OutputSteps &steps) {
  alignas(VectorBytes) int32_t counts[PairRows];
  const bool undecided = steps.count(*reinterpret_cast<const HVX_Vector *>(dots), counts);
  float *out = p.outOf(pair.tile, token);
  for (int row = 0; row < pair.rows; ++row) {
    out[row] = p.step * static_cast<float>(counts[row]);
  }
  for (int row = 0; undecided && row < pair.rows; ++row) {
    if (counts[row] == OutputSteps::Undecided) {
      out[row] = scaleExactly(dots[row], p.inputScale(token), pair.weightScale(row), p.step);
    }
  }
}

/// The sum of `columns` values, for the zero point of the weights.
LAPIDARY_INLINE int32_t sumOf(const int8_t *values, int columns) {
  HVX_Vector sums = Q6_V_vzero();
  const HVX_Vector ones = splat(0x01010101);
  int column = 0;
  for (; column + VectorBytes <= columns; column += VectorBytes) {
    sums = Q6_Vw_vrmpyacc_VwVubVb(sums, ones, loadUnaligned(values + column));
  }
  alignas(VectorBytes) int32_t lanes[PairRows];
  storeAligned(sums, lanes);
  int32_t total = 0;
  for (int32_t lane : lanes) {
    total += lane;
  }
  for (; column < columns; ++column) {
    total += values[column];
  }
  return total;
}

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_ROWSCALING_H
