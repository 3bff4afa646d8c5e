//===- StepRounder.h - floats to int8 steps ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// clamp(round(value / step), -128, 127), ties to even, exactly. Products with the reciprocal decide all but what is
// near a tie, one in 2000; those are divided one by one. Whether a vector has such a value takes a chain of a dozen
// instructions, so it is asked while the next vectors are computed.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_STEPROUNDER_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_STEPROUNDER_H

#include "targets/hexagon/kernels/floats/Several.h"

namespace lap::hexagon {

/// One value.
template <typename V> LAPIDARY_INLINE int8_t roundToStep(float value, float step) {
  const float quotient = value / step;
  return static_cast<int8_t>(V::nearestScalar(quotient > 127.0f ? 127.0f : quotient < -128.0f ? -128.0f : quotient));
}

/// Values that may have to be divided; those whose bits in beyondTies are below some are near a tie.
template <typename Vector> struct StepBuffer {
  static constexpr int MostVectors = 8;
  alignas(4 * Vector::Lanes) float values[2][MostVectors * Vector::Lanes];
  alignas(4 * Vector::Lanes) float beyondTies[2][MostVectors * Vector::Lanes];
};

/// Vectors of a row in turn. What round() wrote is final after the next round(), or finish().
template <typename Vector> class StepRounder {
public:
  /// step: positive. The buffer is an object of its own, so that what is here stays in registers.
  StepRounder(float step, StepBuffer<Vector> &buffer)
      : buffer(buffer), step(step), inverse(1.0f / step), // not a normal number for others:
        always(step >= 0x1p-100f && step <= 0x1p100f ? 0 : INT32_MAX) {}
  StepRounder(const StepRounder &) = delete;
  StepRounder &operator=(const StepRounder &) = delete;

  /// The integers of a vector of values to `to`. V: Several of Vector.
  template <typename V> LAPIDARY_INLINE void round(const typename V::Float &values, int8_t *to) {
    using Word = typename V::Word;
    static_assert(V::Lanes <= StepBuffer<Vector>::MostVectors * Vector::Lanes);
    const bool decides = Vector::any(doubt);
    // The quotient with `Fraction` bits behind the point; it is off by less than two of their units.
    typename V::Float quotient = V::mulAdd(values, V::splat(inverse), V::splat(Point));
    quotient = V::most(V::least(quotient, V::splat(Point + 127.0f)), V::splat(Point - 128.0f));
    const Word sum = V::plus(V::bits(quotient), V::splatWord(1 << (Fraction - 1)));
    const Word beyondTie = V::both(V::plus(sum, V::splatWord(Doubt)), V::splatWord((1 << Fraction) - 1));
    V::store(values, buffer.values[turn]);
    V::store(V::fromBits(beyondTie), buffer.beyondTies[turn]);
    V::storeBytes(V::shiftRight(sum, Fraction), to); // the low byte of Point is 0
    typename Vector::Word least = beyondTie.parts[0];
    kernels::unrolled<V::Lanes / Vector::Lanes - 1>(
        [&](auto i) { least = Vector::leastWord(least, beyondTie.parts[i + 1]); });
    decideLast(decides);
    doubt = Vector::isLessWord(least, Vector::splatWord(2 * Doubt | always));
    this->to = to, count = V::Lanes, turn ^= 1;
  }

  /// Before what was rounded last is read.
  LAPIDARY_INLINE void finish() {
    decideLast(Vector::any(doubt));
    count = 0;
  }

private:
  static constexpr int Fraction = 14, Doubt = 4;
  static constexpr float Point = 0x1.8p9f;

  LAPIDARY_INLINE void decideLast(bool decides) const {
    if (decides) [[unlikely]] {
      divide(buffer.values[turn ^ 1], buffer.beyondTies[turn ^ 1], count, step, 2 * Doubt | always, to);
    }
  }

  [[gnu::noinline]] static void divide(const float *values, const float *beyondTies, int count, float step,
                                       int32_t doubtful, int8_t *to) {
    for (int first = 0; first < count; first += Vector::Lanes) {
      const auto ties = Vector::bits(Vector::load(beyondTies + first));
      if (!Vector::any(Vector::isLessWord(ties, Vector::splatWord(doubtful)))) {
        continue;
      }
      for (int i = first; i < first + Vector::Lanes; ++i) {
        if (__builtin_bit_cast(int32_t, beyondTies[i]) < doubtful) {
          to[i] = roundToStep<Vector>(values[i], step);
        }
      }
    }
  }

  StepBuffer<Vector> &buffer;
  float step, inverse;
  int32_t always; // INT32_MAX: every value is divided
  typename Vector::Mask doubt = Vector::isLessWord(Vector::splatWord(0), Vector::splatWord(0));
  int turn = 0, count = 0;
  int8_t *to = nullptr;
};

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_STEPROUNDER_H
