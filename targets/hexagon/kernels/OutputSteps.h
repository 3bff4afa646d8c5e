//===- OutputSteps.h - integer dots to steps of the output ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// In the mobile form most products have int8 inputs of one scale and outputs that are rounded to a step: a dot becomes
// n = round(dot * ratio), ratio = inputScale * weightScale / step, clamped to -128..127. 32 dots at once in fixed
// point: the ratio is a factor of 31 bits and a shift, so that dot << shift times factor is the number of steps in
// units of 2^-22. The ratio is computed in floats, so a number of steps is off by less than 2^-14; those that near a
// tie are left undecided, one in 8000, and computed as they are defined (RowScaling.h).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_OUTPUTSTEPS_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_OUTPUTSTEPS_H

#include "targets/hexagon/kernels/Hvx.h"
#include "targets/hexagon/kernels/Math.h"

namespace lap::hexagon {

/// The ratios of 32 rows.
class OutputSteps {
public:
  static constexpr int32_t Undecided = 1000;

  /// firsts, seconds: the weight scales of two tiles of 16 rows. A step of 0 means that outputs are not rounded.
  OutputSteps(const float *firsts, const float *seconds, float inputScale, float step) : possible(step != 0.0f) {
    const float perStep = 1.0f / step;
    for (int row = 0; row < PairRows && possible; ++row) {
      const float weightScale = row < LAP_ROW_TILE ? firsts[row] : seconds[row - LAP_ROW_TILE];
      const float scale = inputScale * weightScale; // not subnormal: it would have lost bits
      possible = (scale == 0.0f || scale >= 0x1p-100f) && setRow(row, scale * perStep);
    }
  }

  /// False when a ratio is none that fixed point holds; then count() means nothing.
  bool isPossible() const { return possible; }

  /// The steps of 32 outputs, or Undecided, to `to`. True when there is an undecided one.
  LAPIDARY_INLINE bool count(HVX_Vector dots, int32_t *to) const {
    const HVX_Vector most = *reinterpret_cast<const HVX_Vector *>(bounds);
    const HVX_Vector factor = *reinterpret_cast<const HVX_Vector *>(factors);
    HVX_Vector scaled = Q6_Vw_vmax_VwVw(Q6_Vw_vmin_VwVw(dots, most), Q6_Vw_vsub_VwVw(Q6_V_vzero(), most));
    scaled = Q6_Vw_vasl_VwVw(scaled, *reinterpret_cast<const HVX_Vector *>(shifts));
    // scaled * factor >> 31, rounded
    const HVX_Vector low = Q6_Vw_vmpye_VwVuh(scaled, factor);
    const HVX_Vector product = Q6_Vw_vmpyoacc_VwVwVh_s1_rnd_sat_shift(low, scaled, factor);
    const HVX_Vector shifted = Q6_Vw_vadd_VwVw(product, splat(1 << (Fraction - 1)));
    const HVX_Vector whole = Q6_Vw_vasr_VwR(shifted, Fraction);
    const HVX_Vector clamped = Q6_Vw_vmax_VwVw(Q6_Vw_vmin_VwVw(whole, splat(127)), splat(-128));
    const HVX_Vector beyondTie = Q6_V_vand_VV(Q6_Vw_vadd_VwVw(shifted, splat(Doubt)), splat((1 << Fraction) - 1));
    const HVX_VectorPred near = Q6_Q_vcmp_gt_VwVw(splat(2 * Doubt), beyondTie);
    storeAligned(Q6_V_vmux_QVV(near, splat(Undecided), clamped), to);
    return any(Q6_V_vmux_QVV(near, splat(1), Q6_V_vzero()));
  }

private:
  /// True when a lane is not 0.
  LAPIDARY_INLINE static bool any(HVX_Vector lanes) {
    unrolled<5>([&](auto i) { lanes = Q6_V_vor_VV(lanes, Q6_V_vror_VR(lanes, VectorBytes / 2 >> i)); });
    return Q6_R_vextract_VR(lanes, 0) != 0;
  }

  static constexpr int Fraction = 22;                    // bits
  static constexpr int32_t Doubt = 1 << (Fraction - 14); // in the same units

  /// ratio = factor * 2^(exponent - 30) with a factor from 2^30 on. Dots beyond the bound are beyond 127.5 steps.
  bool setRow(int row, float ratio) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, ratio);
    const int exponent = static_cast<int>(bits >> 23) - 127, shift = 31 + Fraction - 30 + exponent;
    const bool zero = ratio == 0.0f; // the padding's
    factors[row] = zero ? 0 : static_cast<int32_t>((bits & 0x7fffff) << 7 | 1u << 30);
    shifts[row] = zero ? 0 : shift;
    bounds[row] = zero ? 0 : ((1 << 30) - 1) >> (shift & 31);
    return zero || (shift >= 0 && shift <= 20);
  }

  alignas(VectorBytes) int32_t factors[PairRows];
  alignas(VectorBytes) int32_t shifts[PairRows];
  alignas(VectorBytes) int32_t bounds[PairRows];
  bool possible;
};

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_OUTPUTSTEPS_H
