// IntegerAttentionKernels.cpp - attention over int8 caches, 32 lanes of floats.
// SPDX-License-Identifier: Apache-2.0
//
// Whole numbers are the nearest of what is rounded to them, which is as Floats.h has it.
#include "targets/hexagon/kernels/IntegerAttention.h"
#include "targets/hexagon/kernels/floats/VectorMath.h"

using namespace lap::hexagon;
using lap::B;
using lap::LargestFactor;

namespace {

using V = Floats;
using W = Several<V, 4>; // what becomes scores, and weights, together

constexpr int32_t HiddenDot = INT32_MIN; // of a key that a row does not see; no other dot is as small
constexpr float Hidden = -FLT_MAX;       // its score
constexpr float Visible = -0x1p126f;     // below every other score

template <typename T> LAPIDARY_INLINE T *aligned(T *at) {
  return static_cast<T *>(__builtin_assume_aligned(at, 4 * V::Lanes));
}

LAPIDARY_INLINE int32_t sumOfLanes(V::Word words) {
  float lanes[V::Lanes];
  V::store(V::fromBits(words), lanes);
  int32_t sum = 0;
  for (float lane : lanes) {
    sum += __builtin_bit_cast(int32_t, lane);
  }
  return sum;
}

LAPIDARY_INLINE float largestOfLanes(V::Float floats) {
  float lanes[V::Lanes], largest = Hidden;
  V::store(floats, lanes);
  for (float lane : lanes) {
    largest = lane > largest ? lane : largest;
  }
  return largest;
}

/// Factors to their places; adds them to `sums`.
template <typename Vectors>
LAPIDARY_INLINE void store(const typename Vectors::Word &factors, uint8_t *low, uint8_t *high, V::Word &sums) {
  Vectors::storeBytes(factors, low, high);
  for (const V::Word &each : factors.parts) {
    sums = V::plus(sums, each);
  }
}

LAPIDARY_INLINE void hide(int32_t *dots, int from, int to) {
  for (int key = from; key < to; ++key) {
    dots[key] = HiddenDot;
  }
}

/// count: a multiple of W::Lanes, as below. Returns the largest.
LAPIDARY_INLINE float scoresOf(const int32_t *dots, int count, float scale, float *scores) {
  V::Float most = V::splat(Hidden);
  for (int key = 0; key < count; key += W::Lanes) {
    const auto words = W::loadWords(aligned(dots + key));
    const auto seen = W::mul(W::nearestFloat(words), W::splat(scale));
    const auto all = W::select(W::isLessWord(words, W::splatWord(HiddenDot + 1)), W::splat(Hidden), seen);
    W::store(all, aligned(scores + key));
    for (const V::Float &each : all.parts) {
      most = V::most(most, each);
    }
  }
  return largestOfLanes(most);
}

LAPIDARY_INLINE void weightsOf(const float *scores, int count, float maximum, FactorRow to) {
  V::Word sums = V::splatWord(0);
  for (int key = 0; key < count; key += W::Lanes) {
    const auto values = W::load(aligned(scores + key));
    auto weights = exponential<W>(W::sub(values, W::splat(maximum)));
    weights = W::select(W::isLess(values, W::splat(Visible)), W::splat(0.0f), weights);
    const auto factors = nearestWord<W>(W::mul(weights, W::splat(LargestFactor)));
    store<W>(factors, aligned(to.low + key), aligned(to.high + key), sums);
  }
  *to.sum = sumOfLanes(sums);
}

struct VectorSteps {
  [[gnu::noinline]] static float weigh(int32_t *dots, VisibleKeys keys, float scale, FactorRow to) {
    alignas(4 * V::Lanes) float scores[LAP_ATTENTION_SLICE];
    const int end = (keys.count + W::Lanes - 1) / W::Lanes * W::Lanes; // a slice is a multiple of it
    hide(dots, 0, keys.first);
    hide(dots, keys.last + 1, end);
    const float maximum = scoresOf(dots, end, scale, scores);
    weightsOf(scores, end, maximum, to);
    return maximum;
  }

  LAPIDARY_INLINE static void toFloats(const int32_t *sums, float *to) {
    V::store(V::nearestFloat(V::loadWords(sums)), to);
  }
};

} // namespace

LAPIDARY_INTEGER_ATTENTION(VectorSteps)
