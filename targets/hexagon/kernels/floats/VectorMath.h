//===- VectorMath.h - float functions of 32 lanes ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The functions of targets/common/algorithms/Math.cpp with their operations in the same order; sources of the
// polynomials are named there. Divisions are products with a reciprocal. Whatever decides between whole numbers is done
// in integers, so that it does not depend on how floats are rounded: a sum that is cut off instead of rounded is no way
// to the nearest whole number.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_VECTORMATH_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_VECTORMATH_H

#include "targets/hexagon/kernels/floats/Floats.h"

namespace lap::hexagon {

/// The nearest whole numbers, ties to even; |x| < 2^22.
template <typename V> LAPIDARY_INLINE typename V::Word nearest(typename V::Float x) {
  using Word = typename V::Word;
  const Word bits = V::bits(x), one = V::splatWord(1);
  const Word exponent = V::both(V::shiftRight(bits, 23), V::splatWord(255));
  const Word mantissa = V::either(V::both(bits, V::splatWord(0x7fffff)), V::splatWord(0x800000));
  const Word shift = V::leastWord(V::minus(V::splatWord(150), exponent), V::splatWord(31)); // at least 2
  const Word odd = V::both(V::shiftRightBy(mantissa, shift), one);
  const Word belowHalf = V::minus(V::shiftLeftBy(one, V::minus(shift, one)), one);
  const Word size = V::shiftRightBy(V::plus(V::plus(mantissa, belowHalf), odd), shift);
  const Word sign = V::signOf(bits);
  return V::minus(V::exclusive(size, sign), sign);
}

template <typename V> LAPIDARY_INLINE typename V::Float magnitude(typename V::Float x) {
  return V::fromBits(V::both(V::bits(x), V::splatWord(0x7fffffff)));
}

/// A polynomial, the coefficient of the highest power first.
template <typename V, int Count>
LAPIDARY_INLINE typename V::Float horner(typename V::Float x, const float (&coefficients)[Count]) {
  typename V::Float value = V::splat(coefficients[0]);
  unrolled<Count - 1>([&](auto i) { value = V::mulAdd(value, x, V::splat(coefficients[i + 1])); });
  return value;
}

/// e^x for finite x; exactly 1 at 0, exactly 0 below -87.3, e^88 above 88.
template <typename V> LAPIDARY_INLINE typename V::Float exponential(typename V::Float x) {
  using Float = typename V::Float;
  const Float lowest = V::splat(-87.3f), bounded = V::most(V::least(x, V::splat(88.0f)), lowest);
  const typename V::Word power = nearest<V>(V::mul(bounded, V::splat(1.44269504088896341f)));
  const Float n = V::toFloat(power);
  Float r = V::mulAdd(n, V::splat(-0.693359375f), bounded);
  r = V::mulAdd(n, V::splat(2.12194440e-4f), r);
  const Float tail = horner<V>(
      r, {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f});
  const Float value = V::add(V::mulAdd(tail, V::mul(r, r), r), V::splat(1.0f));
  // times 2^power: into the exponent. It stays above 0 but for results below 2^-126, whose bits are then a subnormal's.
  const Float scaled = V::fromBits(V::plus(V::bits(value), V::shiftLeft(power, 23)));
  return V::select(V::isLess(x, lowest), V::splat(0.0f), scaled);
}

/// 1 / x for x in 1 .. 2^100. The first guess, out of the bits, is off by 12 % at most; each step squares that.
template <typename V> LAPIDARY_INLINE typename V::Float reciprocal(typename V::Float x) {
  typename V::Float guess = V::fromBits(V::minus(V::splatWord(0x7ef311c7), V::bits(x)));
  unrolled<4>([&](auto) {
    const typename V::Float missing = V::sub(V::splat(1.0f), V::mul(x, guess));
    guess = V::mulAdd(guess, missing, guess);
  });
  return guess;
}

/// tanh(x) for finite x.
template <typename V> LAPIDARY_INLINE typename V::Float hyperbolicTangent(typename V::Float x) {
  using Float = typename V::Float;
  const Float size = magnitude<V>(x), square = V::mul(x, x), one = V::splat(1.0f);
  const Float series = horner<V>(
      square, {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f, -3.33332819422e-1f});
  const Float small = V::mulAdd(V::mul(series, square), x, x); // near 0 the exponential form would cancel
  const Float decay = exponential<V>(V::mul(size, V::splat(-2.0f)));
  const Float large = V::mul(V::sub(one, decay), reciprocal<V>(V::add(one, decay)));
  const typename V::Word sign = V::both(V::bits(x), V::splatWord(INT32_MIN));
  return V::select(V::isLess(size, V::splat(0.625f)), small, V::fromBits(V::either(V::bits(large), sign)));
}

/// x * sigmoid(2u) with u = sqrt(2 / pi) (x + 0.044715 x^3). The exponent is bounded, so that the reciprocal is a
/// normal number: beyond it the result is below 1e-22.
template <typename V> LAPIDARY_INLINE typename V::Float gelu(typename V::Float x) {
  using Float = typename V::Float;
  const Float cube = V::mul(V::mul(x, x), x);
  const Float u = V::mul(V::splat(0.79788456080286535588f), V::mulAdd(cube, V::splat(0.044715f), x));
  const Float power = V::least(V::mul(u, V::splat(-2.0f)), V::splat(60.0f));
  return V::mul(x, reciprocal<V>(V::add(V::splat(1.0f), exponential<V>(power))));
}

/// clamp(round(value / step), -128, 127), ties to even, exactly: products with the reciprocal decide all but what is
/// near a tie.
template <typename V> class StepRounder {
public:
  explicit StepRounder(float step) : step(step), inverse(1.0f / step), quick(step >= 0x1p-100f && step <= 0x1p100f) {}

  /// The integers of 32 values to `to`.
  LAPIDARY_INLINE void round(typename V::Float values, int8_t *to) const {
    using Float = typename V::Float;
    const Float quotient = V::most(V::least(V::mul(values, V::splat(inverse)), V::splat(127.0f)), V::splat(-128.0f));
    const typename V::Word whole = nearest<V>(quotient);
    const Float rest = magnitude<V>(V::sub(quotient, V::toFloat(whole)));
    V::storeBytes(whole, to);
    if (!quick || V::any(V::isLess(V::splat(0.5f - 0x1p-12f), rest))) {
      roundEach(values, to);
    }
  }

  int8_t round(float value) const {
    const float quotient = value / step;
    return static_cast<int8_t>(V::nearestScalar(quotient > 127.0f ? 127.0f : quotient < -128.0f ? -128.0f : quotient));
  }

private:
  [[gnu::noinline]] void roundEach(typename V::Float values, int8_t *to) const {
    float each[V::Lanes];
    V::store(values, each);
    for (int i = 0; i < V::Lanes; ++i) {
      to[i] = round(each[i]);
    }
  }

  float step, inverse;
  bool quick; // the reciprocal is a normal number
};

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

/// 32 floats, or the last few of a row.
template <typename V> struct Whole {
  static constexpr int count = V::Lanes;
  LAPIDARY_INLINE typename V::Float load(const float *from) const { return V::load(from); }
  LAPIDARY_INLINE void store(typename V::Float value, float *to) const { V::store(value, to); }
  LAPIDARY_INLINE void round(const StepRounder<V> &steps, typename V::Float value, int8_t *to) const {
    steps.round(value, to);
  }
};
template <typename V> struct Part {
  int count;
  LAPIDARY_INLINE typename V::Float load(const float *from) const { return loadSome<V>(from, count); }
  LAPIDARY_INLINE void store(typename V::Float value, float *to) const { storeSome<V>(value, to, count); }
  LAPIDARY_INLINE void round(const StepRounder<V> &steps, typename V::Float value, int8_t *to) const {
    int8_t all[V::Lanes];
    steps.round(value, all);
    __builtin_memcpy(to, all, static_cast<uint32_t>(count));
  }
};

/// Calls body(column, Whole or Part) for all columns, 32 at a time.
template <typename V, typename Body> LAPIDARY_INLINE void forColumns(int columns, Body &&body) {
  int column = 0;
  for (; column + V::Lanes <= columns; column += V::Lanes) {
    body(column, Whole<V>());
  }
  if (column < columns) {
    body(column, Part<V>{columns - column});
  }
}

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_VECTORMATH_H
