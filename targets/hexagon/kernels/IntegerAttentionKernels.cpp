// IntegerAttentionKernels.cpp - attention over int8 caches, floats in the scalar unit.
// SPDX-License-Identifier: Apache-2.0
#include "targets/hexagon/kernels/IntegerAttention.h"
#include "targets/hexagon/kernels/Math.h"

using namespace lap::hexagon;
using lap::B;
using lap::LargestFactor;

namespace {

/// Writes factors at, .. at + 3, each factor(its index), and returns their sum. at: a multiple of 4.
template <typename Factor> LAPIDARY_INLINE int32_t setFour(FactorRow to, int at, Factor &&factor) {
  uint32_t low = 0, high = 0;
  int32_t sum = 0;
  unrolled<4>([&](auto i) {
    const int32_t each = factor(at + i);
    sum += each;
    low |= (static_cast<uint32_t>(each) & 255) << 8 * i;
    high |= (static_cast<uint32_t>(each) >> 8 & 255) << 8 * i;
  });
  __builtin_memcpy(__builtin_assume_aligned(to.low + at, 4), &low, 4);
  __builtin_memcpy(__builtin_assume_aligned(to.high + at, 4), &high, 4);
  return sum;
}

template <typename Factor> LAPIDARY_INLINE int32_t setOne(FactorRow to, int at, Factor &&factor) {
  const int32_t each = factor(at);
  to.low[at] = static_cast<uint8_t>(each), to.high[at] = static_cast<uint8_t>(each >> 8);
  return each;
}

/// Writes factors first .. last and returns their sum; four at a time, because the steps of one wait for each other.
template <typename Factor> LAPIDARY_INLINE int32_t setFactors(FactorRow to, int first, int last, Factor &&factor) {
  int32_t sum = 0;
  int at = first;
  for (; at % 4 != 0 && at <= last; ++at) {
    sum += setOne(to, at, factor);
  }
  for (; at + 3 <= last; at += 4) {
    sum += setFour(to, at, factor);
  }
  for (; at <= last; ++at) {
    sum += setOne(to, at, factor);
  }
  return sum;
}

struct ScalarSteps {
  /// The largest dot has the largest score: neither rounding nor a factor changes their order.
  [[gnu::noinline]] static float weigh(const int32_t *dots, VisibleKeys keys, float scale, FactorRow to) {
    weighNothing(keys.count, to);
    int32_t largest = dots[keys.first];
    for (int key = keys.first + 1; key <= keys.last; ++key) {
      largest = dots[key] > largest ? dots[key] : largest;
    }
    const float maximum = static_cast<float>(largest) * scale;
    *to.sum = setFactors(to, keys.first, keys.last, [&](int key) {
      return nearest(exponential(static_cast<float>(dots[key]) * scale - maximum) * LargestFactor);
    });
    return maximum;
  }

  LAPIDARY_INLINE static void toFloats(const int32_t *sums, float *to) {
    storeAligned(nearestFloatsOf(*reinterpret_cast<const HVX_Vector *>(sums)), to);
  }
};

} // namespace

LAPIDARY_INTEGER_ATTENTION(ScalarSteps)
