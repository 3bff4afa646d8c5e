//===- VectorMath.h - float functions of 32 lanes ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The functions of targets/common/algorithms/Math.cpp; sources of the polynomials are named there. Divisions are
// products with a reciprocal, and polynomials are split in halves, because below version 79 sums and conversions share
// one unit (tools/bench/hexagon-packets.py). Whatever decides between whole numbers is done in integers, so that it
// does not depend on how floats are rounded: a sum that is cut off instead of rounded is no way to the nearest whole
// number, but one that keeps bits behind the point is, up to one of those.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_VECTORMATH_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_VECTORMATH_H

#include "targets/hexagon/kernels/floats/Floats.h"
#include "targets/hexagon/kernels/floats/Several.h"

namespace lap::hexagon {

template <typename V> LAPIDARY_INLINE typename V::Float magnitude(typename V::Float x) {
  return V::fromBits(V::both(V::bits(x), V::splatWord(0x7fffffff)));
}

/// The nearest whole numbers of x below 2^22 in magnitude; ties to even where sums are rounded so. A sum that is cut
/// off instead is one too far to one side at most, which what is left tells.
template <typename V> LAPIDARY_INLINE typename V::Word nearestWord(typename V::Float x) {
  constexpr float point = 0x1.8p23f; // has whole numbers in its last bits
  const auto whole = V::minus(V::bits(V::add(x, V::splat(point))), V::splatWord(__builtin_bit_cast(int32_t, point)));
  if constexpr (V::roundsToNearest) {
    return whole;
  }
  const auto rest = V::sub(x, V::toFloat(whole));
  const auto up = V::select(V::isLess(V::splat(0.5f), rest), V::fromBits(V::splatWord(1)), V::splat(0.0f));
  const auto step = V::select(V::isLess(rest, V::splat(-0.5f)), V::fromBits(V::splatWord(-1)), up);
  return V::plus(whole, V::bits(step));
}

/// a * x + b.
template <typename V> LAPIDARY_INLINE typename V::Float line(float a, typename V::Float x, float b) {
  return V::mulAdd(V::splat(a), x, V::splat(b));
}

/// e^x for x up to 88; exactly 1 at 0, exactly 0 below -87.3.
template <typename V> LAPIDARY_INLINE typename V::Float exponential(typename V::Float x) {
  using Float = typename V::Float;
  const Float lowest = V::splat(-87.3f), bounded = V::most(x, lowest);
  // x / ln 2 as a whole number, with 8 bits behind the point before it is one: half a unit of those is no matter.
  constexpr float point = 0x1.8p15f;
  const typename V::Word fixed = V::bits(V::mulAdd(bounded, V::splat(1.44269504088896341f), V::splat(point)));
  const typename V::Word power = V::both(V::plus(fixed, V::splatWord(1 << 7)), V::splatWord(-(1 << 8)));
  const Float n = V::sub(V::fromBits(power), V::splat(point));
  Float r = V::mulAdd(n, V::splat(-0.693359375f), bounded);
  r = V::mulAdd(n, V::splat(2.12194440e-4f), r);
  const Float square = V::mul(r, r);
  Float tail = line<V>(1.9875691500e-4f, r, 1.3981999507e-3f);
  tail = V::mulAdd(tail, square, line<V>(8.3334519073e-3f, r, 4.1665795894e-2f));
  tail = V::mulAdd(tail, square, line<V>(1.6666665459e-1f, r, 5.0000001201e-1f));
  const Float value = V::add(V::mulAdd(tail, square, r), V::splat(1.0f));
  // times 2^power: into the exponent; what `point` has is shifted out. It stays above 0 but for results below 2^-126,
  // whose bits are then a subnormal's.
  const Float scaled = V::fromBits(V::plus(V::bits(value), V::shiftLeft(power, 23 - 8)));
  return V::select(V::isLess(x, lowest), V::splat(0.0f), scaled);
}

/// 1 / x for x in 1 .. 2^100. The first guess, out of the bits, is off by 5.1 % at most, either way; the first step
/// squares that and halves it (the 1.28e-3 above 2 move it to the middle), the second takes its cube.
template <typename V> LAPIDARY_INLINE typename V::Float reciprocal(typename V::Float x) {
  using Float = typename V::Float;
  const Float guess = V::fromBits(V::minus(V::splatWord(0x7ef33400), V::bits(x)));
  const Float better = V::mul(guess, V::sub(V::splat(2.00128f), V::mul(x, guess)));
  const Float missing = V::sub(V::splat(1.0f), V::mul(x, better));
  return V::mulAdd(better, V::mulAdd(missing, missing, missing), better);
}

/// tanh(x) for finite x.
template <typename V> LAPIDARY_INLINE typename V::Float hyperbolicTangent(typename V::Float x) {
  using Float = typename V::Float;
  const Float size = magnitude<V>(x), square = V::mul(x, x), one = V::splat(1.0f);
  Float series = line<V>(-5.70498872745e-3f, square, 2.06390887954e-2f);
  series = V::mulAdd(series, square, V::splat(-5.37397155531e-2f));
  series = V::mulAdd(series, square, V::splat(1.33314422036e-1f));
  series = V::mulAdd(series, square, V::splat(-3.33332819422e-1f));
  const Float small = V::mulAdd(V::mul(series, square), x, x); // near 0 the exponential form would cancel
  const Float decay = exponential<V>(V::mul(size, V::splat(-2.0f)));
  const Float large = V::mul(V::sub(one, decay), reciprocal<V>(V::add(one, decay)));
  const typename V::Word sign = V::both(V::bits(x), V::splatWord(INT32_MIN));
  return V::select(V::isLess(size, V::splat(0.625f)), small, V::fromBits(V::either(V::bits(large), sign)));
}

/// x * sigmoid(2u) with u = sqrt(2 / pi) (x + 0.044715 x^3). The exponent, -2u, is bounded, so that the reciprocal is a
/// normal number: beyond it the result is below 1e-22.
template <typename V> LAPIDARY_INLINE typename V::Float gelu(typename V::Float x) {
  constexpr float factor = -2.0f * 0.79788456080286535588f;
  const typename V::Float power = V::mul(x, line<V>(factor * 0.044715f, V::mul(x, x), factor));
  const typename V::Float decay = exponential<V>(V::least(power, V::splat(60.0f)));
  return V::mul(x, reciprocal<V>(V::add(V::splat(1.0f), decay)));
}

/// Up to 32 floats from `from`; what follows them in the vector is 0.
template <typename V> LAPIDARY_INLINE typename V::Float loadSome(const float *from, int count) {
  float padded[V::Lanes] = {};
  __builtin_memcpy(padded, from, static_cast<uint32_t>(count) * sizeof(float));
  return V::load(padded);
}
template <typename V> LAPIDARY_INLINE void storeSome(typename V::Float value, float *to, int count) {
  float all[V::Lanes];
  V::store(value, all);
  __builtin_memcpy(to, all, static_cast<uint32_t>(count) * sizeof(float));
}

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_VECTORMATH_H
