// NormKernels.cpp - RMS norms and rotary embedding of a row or a head, 32 lanes of floats.
// SPDX-License-Identifier: Apache-2.0
//
// targets/common/algorithms/Norms.h defines the numbers.
#include "targets/hexagon/kernels/floats/Columns.h"

using namespace lap::hexagon;
using lap::B;

namespace {

using V = Floats;
using Float = V::Float;

constexpr int AtOnce = 8; // vectors: there is little to do for each

/// 1 / sqrt(sum(x^2) / width + epsilon). The sum is taken in strands, one for each lane of AtOnce vectors, which are
/// added in order.
float factorOf(B x, float width, float epsilon) {
  const float *from = floats(x);
  Float strands[AtOnce];
  unrolled<AtOnce>([&](auto i) { strands[i] = V::splat(0.0f); });
  forColumns<V, AtOnce>(extent(x, 0), [&](int column, auto part) {
    using W = typename decltype(part)::Vector;
    const auto values = part.load(from + column), squares = W::mul(values, values);
    unrolled<W::Lanes / V::Lanes>([&](auto i) { strands[i] = V::add(strands[i], squares.parts[i]); });
  });
  unrolled<AtOnce - 1>([&](auto i) { strands[0] = V::add(strands[0], strands[i + 1]); });
  float lanes[V::Lanes], squares = 0.0f;
  V::store(strands[0], lanes);
  for (float lane : lanes) {
    squares += lane;
  }
  return 1.0f / __builtin_sqrtf(squares / width + epsilon);
}

/// store(column, Whole or Part, normed values) for the columns of `x`, whose weights are used when `weighted` is 1.
template <int Vectors, typename Store>
LAPIDARY_INLINE int norm(B x, B w, float width, float epsilon, int32_t weighted, Store &&store) {
  const float factor = factorOf(x, width, epsilon), *from = floats(x), *weights = floats(w);
  auto normed = [&](auto isWeighted) {
    forColumns<V, Vectors>(extent(x, 0), [&](int column, auto part) {
      using W = typename decltype(part)::Vector;
      const auto value = W::mul(part.load(from + column), W::splat(factor));
      store(column, part, isWeighted ? W::mul(value, part.load(weights + column)) : value);
    });
  };
  weighted == 1 ? normed(lap::kernels::Index<1>()) : normed(lap::kernels::Index<0>());
  return 0;
}

} // namespace

LAPIDARY_KERNEL(f32_rms_norm_1x16)(B x, B w, float width, float epsilon, int32_t weighted, B out) {
  float *to = floats(out);
  return norm<AtOnce>(x, w, width, epsilon, weighted,
                      [&](int column, auto part, auto value) { part.store(value, to + column); });
}

LAPIDARY_KERNEL(f32_rms_norm_static_1x16)(B x, B w, float width, float epsilon, int32_t weighted, float step, B out) {
  int8_t *to = data<int8_t>(out);
  StepBuffer<V> buffer;
  StepRounder<V> rounder(step, buffer);
  norm<4>(x, w, width, epsilon, weighted,
          [&](int column, auto part, auto value) { part.round(rounder, value, to + column); });
  rounder.finish();
  return 0;
}

LAPIDARY_KERNEL(f32_residual_norm_1x16)(B residual, B x, B w, float width, float epsilon, float scale, B out) {
  const float *before = floats(residual);
  float *to = floats(out);
  return norm<2 * AtOnce>(x, w, width, epsilon, 1, [&](int column, auto part, auto value) {
    using W = typename decltype(part)::Vector;
    part.store(W::mul(W::add(part.load(before + column), value), W::splat(scale)), to + column);
  });
}

LAPIDARY_KERNEL(f32_norm_rotary_1x16)(B x, B w, B table, float width, float epsilon, B out) {
  const float factor = factorOf(x, width, epsilon);
  const int pairs = extent(table, 0);
  const float *firstFrom = floats(x), *firstWeights = floats(w);
  const float *secondFrom = firstFrom + pairs, *secondWeights = firstWeights + pairs;
  const float *cosines = floats(table), *sines = cosines + stride(table, 1);
  float *firsts = floats(out), *seconds = firsts + stride(out, 1);
  forColumns<V, 4>(pairs, [&](int pair, auto part) {
    using W = typename decltype(part)::Vector;
    const auto scale = W::splat(factor);
    const auto first = W::mul(W::mul(part.load(firstFrom + pair), scale), part.load(firstWeights + pair));
    const auto second = W::mul(W::mul(part.load(secondFrom + pair), scale), part.load(secondWeights + pair));
    const auto cosine = part.load(cosines + pair), sine = part.load(sines + pair);
    part.store(W::sub(W::mul(first, cosine), W::mul(second, sine)), firsts + pair);
    part.store(W::add(W::mul(second, cosine), W::mul(first, sine)), seconds + pair);
  });
  return 0;
}
