//===- RoundingDescent.cpp - rounded groups, made better one by one ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The gradient e H is kept up to date. While a group is worked on, changes go to the group's own 32 columns only; the
// sum of them goes to all columns at once when the group is done, which reads H along its rows.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/RoundingDescent.h"

#include "targets/common/PackedLayout.h"

#include <cstring>

namespace lapidary {

namespace {

constexpr int group = LAP_GROUP;
// Two take the KL divergence of two small models down by 4 %, the first by 3 %; two more are not worth their time.
constexpr int sweeps = 2;

const Vector zero = {};

/// One group while it is worked on.
struct Descent {
  const float *moments; // [group][stride]: the group's own corner of H
  uint64_t stride;
  Vector *integers; // [group]
  Vector *scale;
  Vector gradient[group];
};

/// The best scale for the integers as they are: the loss is a parabola of it, so the nearest value there is is best.
LAPIDARY_INLINE void improveScale(Descent &at, const ScaleSteps &steps) {
  Vector slope = {}, curve = {}, products[group]; // H times the integers
  for (int i = 0; i < group; ++i) {
    products[i] = zero;
  }
  for (int j = 0; j < group; ++j) {
    for (int i = 0; i < group; ++i) {
      products[i] += at.integers[j] * at.moments[static_cast<uint64_t>(j) * at.stride + i];
    }
  }
  for (int i = 0; i < group; ++i) {
    slope += at.integers[i] * at.gradient[i];
    curve += at.integers[i] * products[i];
  }
  const Vector old = *at.scale;
  *at.scale = curve > 0 ? steps.round(old + slope / curve) : old; // all integers 0: any scale will do
  const Vector change = *at.scale - old;
  for (int i = 0; i < group; ++i) {
    at.gradient[i] -= products[i] * change;
  }
}

/// The best integers for the scale, one after the other.
LAPIDARY_INLINE void improveIntegers(Descent &at) {
  const Vector inverse = inverseOf(*at.scale);
  for (int i = 0; i < group; ++i) {
    const float diagonal = at.moments[static_cast<uint64_t>(i) * at.stride + i];
    const Vector wanted = at.integers[i] + at.gradient[i] * inverse / diagonal;
    const Vector integer = clampVector((wanted + roundMagic) - roundMagic, zero - 8.0f, zero + 7.0f);
    const Vector change = (integer - at.integers[i]) * *at.scale;
    at.integers[i] = integer;
    for (int j = i + 1; j < group; ++j) { // nobody asks for those before again
      at.gradient[j] -= change * at.moments[static_cast<uint64_t>(i) * at.stride + j];
    }
  }
}

/// Takes `changes` [group] of a group out of the gradient from column `from` on; `moments` are the group's columns of
/// H's rows.
LAPIDARY_INLINE void move(const Vector *changes, const float *moments, uint64_t columns, uint64_t from,
                          Vector *gradient) {
  constexpr int atOnce = 8; // independent sums; groups have multiples of it
  for (uint64_t i = from; i < columns; i += atOnce) {
    Vector sums[atOnce] = {};
    for (int j = 0; j < group; ++j) {
      for (int k = 0; k < atOnce; ++k) {
        sums[k] += changes[j] * moments[(i + k) * columns + j];
      }
    }
    for (int k = 0; k < atOnce; ++k) {
      gradient[i + k] -= sums[k];
    }
  }
}

/// `from`: the first column whose gradient is asked for again.
LAPIDARY_INLINE void improveGroup(uint64_t first, uint64_t columns, uint64_t from, const float *moments,
                                  const ScaleSteps &steps, Vector *integers, Vector *scale, Vector *gradient) {
  Descent at = {moments + first * columns + first, columns, integers + first, scale, {}};
  std::memcpy(at.gradient, gradient + first, sizeof(at.gradient));
  Vector changes[group];
  for (int i = 0; i < group; ++i) {
    changes[i] = zero - at.integers[i] * *scale;
  }
  improveScale(at, steps);
  improveIntegers(at);
  for (int i = 0; i < group; ++i) {
    changes[i] += at.integers[i] * *scale;
  }
  move(changes, moments + first, columns, from, gradient);
}

LAPIDARY_INLINE void startGradient(const Vector *values, uint64_t columns, const float *moments, const Vector *integers,
                                   const Vector *scales, Vector *gradient) {
  for (uint64_t i = 0; i < columns; ++i) {
    gradient[i] = zero;
  }
  for (uint64_t first = 0; first < columns; first += group) {
    Vector errors[group];
    for (int i = 0; i < group; ++i) {
      errors[i] = integers[first + i] * scales[first / group] - values[first + i];
    }
    move(errors, moments + first, columns, 0, gradient);
  }
}

} // namespace

LAPIDARY_FOR_EACH_CPU void descend(const Vector *values, uint64_t columns, const float *moments,
                                   const ScaleSteps &steps, Vector *integers, Vector *scales) {
  Vector gradient[LAP_MOMENT_BLOCK];
  startGradient(values, columns, moments, integers, scales, gradient);
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    for (uint64_t first = 0; first < columns; first += group) {
      const uint64_t from = sweep + 1 < sweeps ? 0 : first + group;
      improveGroup(first, columns, from, moments, steps, integers, scales + first / group, gradient);
    }
  }
}

} // namespace lapidary
