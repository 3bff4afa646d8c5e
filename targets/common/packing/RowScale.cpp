//===- RowScale.cpp - the scale of a whole row of weights ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A long row has few values near its largest one, so the fewer the bits, the more it pays to clip: the divisors reach
// further for 2 bits, whose best scale for normally distributed values is about their deviation.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/RowScale.h"

#include "targets/common/packing/VectorCode.h"

#include <cfloat>
#include <cmath>
#include <cstring>

namespace lapidary {

namespace {

constexpr float divisors2[] = {1.0f, 1.25f, 1.5f, 1.75f, 2.0f, 2.5f, 3.0f, 3.5f, 4.0f, 5.0f};
constexpr float divisors4[] = {7.0f, 7.5f, 8.0f, 9.0f, 10.0f, 11.0f, 12.0f, 14.0f};
constexpr float divisors8[] = {127.0f, 128.0f, 140.0f};

LAPIDARY_INLINE Vector loadVector(const float *from) {
  Vector v;
  std::memcpy(&v, from, sizeof(v));
  return v;
}

LAPIDARY_INLINE float largestMagnitude(const float *values, uint64_t count) {
  Vector largest = {};
  for (uint64_t i = 0; i < count; i += vectorLanes) {
    const Vector v = loadVector(values + i), magnitude = v < 0.0f ? -v : v;
    largest = magnitude > largest ? magnitude : largest;
  }
  float result = 0;
  for (int lane = 0; lane < vectorLanes; ++lane) {
    result = largest[lane] > result ? largest[lane] : result;
  }
  return result;
}

/// The range of the integers, and what a scale's inverse is: 0 where that is no float, so that such rows become zeros.
struct Grid {
  float low, high;

  LAPIDARY_INLINE Vector round(Vector values, float scale) const {
    const Vector zero = {};
    const float inverse = std::fabs(scale) >= FLT_MIN ? 1.0f / scale : 0.0f;
    const Vector magic = zero + roundMagic;
    // Clamped first: beyond 2^22 the rounding is not one.
    return (clampVector(values * inverse, zero + low, zero + high) + magic) - magic;
  }
};

LAPIDARY_INLINE double squaredError(const float *values, uint64_t count, const Grid &grid, float scale) {
  Vector sums = {};
  for (uint64_t i = 0; i < count; i += vectorLanes) {
    const Vector v = loadVector(values + i), error = grid.round(v, scale) * scale - v;
    sums += error * error;
  }
  double total = 0;
  for (int lane = 0; lane < vectorLanes; ++lane) {
    total += static_cast<double>(sums[lane]);
  }
  return total;
}

template <unsigned N>
LAPIDARY_INLINE float bestScale(const float *values, uint64_t count, const Grid &grid, const float (&divisors)[N]) {
  const float largest = largestMagnitude(values, count);
  float best = 0;
  double bestError = INFINITY;
  for (float divisor : divisors) {
    const float signs[] = {largest / divisor, -largest / divisor};
    for (float scale : signs) {
      const double error = squaredError(values, count, grid, scale);
      if (error < bestError) {
        best = scale;
        bestError = error;
      }
    }
  }
  return best;
}

LAPIDARY_INLINE void roundTo(const float *values, uint64_t count, const Grid &grid, float scale, int8_t *out) {
  for (uint64_t i = 0; i < count; i += vectorLanes) {
    const Vector integers = grid.round(loadVector(values + i), scale);
    for (int lane = 0; lane < vectorLanes; ++lane) {
      out[i + lane] = static_cast<int8_t>(integers[lane]);
    }
  }
}

} // namespace

LAPIDARY_FOR_EACH_CPU float quantizeRow(const float *values, uint64_t count, unsigned bits, int8_t *out) {
  const float half = static_cast<float>(1 << (bits - 1));
  const Grid grid{-half, half - 1};
  const float scale = bits == 2   ? bestScale(values, count, grid, divisors2)
                      : bits == 4 ? bestScale(values, count, grid, divisors4)
                                  : bestScale(values, count, grid, divisors8);
  roundTo(values, count, grid, scale, out);
  return scale;
}

} // namespace lapidary
