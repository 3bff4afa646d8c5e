//===- Math.h - scalar float functions of the kernels ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The functions of targets/common/algorithms/Math.cpp with their operations in the same order, so that they give the
// same bits; sources of the polynomials are named there. HVX 66 has no floats: these run in the scalar unit, one fused
// multiply-add a slot, two a packet.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_MATH_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_MATH_H

#include "targets/hexagon/kernels/Kernel.h"

#include <hexagon_protos.h>

namespace lap::hexagon {

/// a * b + c with one rounding.
LAPIDARY_INLINE float fusedMulAdd(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

// Instructions; fminf and fmaxf would be calls.
LAPIDARY_INLINE float least(float a, float b) { return Q6_R_sfmin_RR(a, b); }
LAPIDARY_INLINE float most(float a, float b) { return Q6_R_sfmax_RR(a, b); }
LAPIDARY_INLINE float magnitude(float x) { return __builtin_fabsf(x); }

/// The nearest whole number, ties to even; x must be below 2^31 in magnitude.
LAPIDARY_INLINE int32_t nearest(float x) { return Q6_R_convert_sf2w_R(x); }

/// A polynomial, the coefficient of the highest power first.
template <int Count> LAPIDARY_INLINE float horner(float x, const float (&coefficients)[Count]) {
  float value = coefficients[0];
  unrolled<Count - 1>([&](auto i) { value = fusedMulAdd(value, x, coefficients[i + 1]); });
  return value;
}

/// e^x for finite x, about 2 ulp; exactly 1 at 0, exactly 0 below -87.3, e^88 above 88.
LAPIDARY_INLINE float exponential(float x) {
  constexpr float lowest = -87.3f;
  const float bounded = most(least(x, 88.0f), lowest);
  const int32_t power = nearest(bounded * 1.44269504088896341f);
  const float n = static_cast<float>(power);
  float r = fusedMulAdd(n, -0.693359375f, bounded);
  r = fusedMulAdd(n, 2.12194440e-4f, r);
  const float tail = horner(
      r, {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f});
  const float value = fusedMulAdd(tail, r * r, r) + 1.0f;
  // A choice between words is an instruction; one between products would be a branch.
  return value * __builtin_bit_cast(float, x < lowest ? 0 : (power + 127) << 23);
}

/// tanh(x) for finite x, about 3 ulp.
LAPIDARY_INLINE float hyperbolicTangent(float x) {
  const float size = magnitude(x), square = x * x;
  if (size < 0.625f) { // near 0 the exponential form would cancel
    const float series = horner(
        square, {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f, -3.33332819422e-1f});
    return fusedMulAdd(series * square, x, x);
  }
  const float decay = exponential(size * -2.0f);
  const float large = (1.0f - decay) / (1.0f + decay);
  return x < 0.0f ? -large : large;
}

/// clamp(round(value / step), -128, 127); ties to even.
LAPIDARY_INLINE int8_t toInt8(float value, float step) {
  return static_cast<int8_t>(nearest(most(least(value / step, 127.0f), -128.0f)));
}

LAPIDARY_INLINE float fromBf16(uint16_t bits) { return __builtin_bit_cast(float, static_cast<uint32_t>(bits) << 16); }

/// The nearest bfloat16 of a finite float; ties to even.
LAPIDARY_INLINE uint16_t toBf16(float value) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, value);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// The value of an element that is stored as float or bfloat16.
LAPIDARY_INLINE float asFloat(float value) { return value; }
LAPIDARY_INLINE float asFloat(uint16_t bits) { return fromBf16(bits); }

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_MATH_H
