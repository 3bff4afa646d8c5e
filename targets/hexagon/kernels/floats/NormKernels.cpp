// NormKernels.cpp - RMS norms and rotary embedding of a row or a head, 32 lanes of floats.
// SPDX-License-Identifier: Apache-2.0
//
// targets/common/algorithms/Norms.h defines the numbers.
#include "targets/hexagon/kernels/floats/VectorMath.h"

using namespace lap::hexagon;
using lap::B;

namespace {

using V = Floats;
using Float = V::Float;

/// 1 / sqrt(sum(x^2) / width + epsilon); the sum is taken in 16 strands, which are added in order.
float factorOf(B x, float width, float epsilon) {
  const float *from = floats(x);
  Float strands = V::splat(0.0f); // lanes 0 to 15
  forColumns<V>(extent(x, 0), [&](int column, auto part) {
    const Float values = part.load(from + column), squares = V::mul(values, values);
    strands = V::add(V::add(strands, squares), V::swapHalves(squares));
  });
  float lanes[V::Lanes], squares = 0.0f;
  V::store(strands, lanes);
  for (int i = 0; i < 16; ++i) {
    squares += lanes[i];
  }
  return 1.0f / __builtin_sqrtf(squares / width + epsilon);
}

/// store(column, Whole or Part, normed values) for the columns of `x`, whose weights are used when `weighted` is 1.
template <typename Store>
LAPIDARY_INLINE int norm(B x, B w, float width, float epsilon, int32_t weighted, Store &&store) {
  const Float factor = V::splat(factorOf(x, width, epsilon));
  const float *from = floats(x), *weights = floats(w);
  forColumns<V>(extent(x, 0), [&](int column, auto part) {
    const Float value = V::mul(part.load(from + column), factor);
    store(column, part, weighted == 1 ? V::mul(value, part.load(weights + column)) : value);
  });
  return 0;
}

} // namespace

LAPIDARY_KERNEL(f32_rms_norm_1x16)(B x, B w, float width, float epsilon, int32_t weighted, B out) {
  float *to = floats(out);
  return norm(x, w, width, epsilon, weighted,
              [&](int column, auto part, Float value) { part.store(value, to + column); });
}

LAPIDARY_KERNEL(f32_rms_norm_static_1x16)(B x, B w, float width, float epsilon, int32_t weighted, float step, B out) {
  int8_t *to = data<int8_t>(out);
  const StepRounder<V> steps(step);
  return norm(x, w, width, epsilon, weighted,
              [&](int column, auto part, Float value) { part.round(steps, value, to + column); });
}

LAPIDARY_KERNEL(f32_residual_norm_1x16)(B residual, B x, B w, float width, float epsilon, float scale, B out) {
  const float *before = floats(residual);
  float *to = floats(out);
  return norm(x, w, width, epsilon, 1, [&](int column, auto part, Float value) {
    part.store(V::mul(V::add(part.load(before + column), value), V::splat(scale)), to + column);
  });
}

LAPIDARY_KERNEL(f32_norm_rotary_1x16)(B x, B w, B table, float width, float epsilon, B out) {
  const Float factor = V::splat(factorOf(x, width, epsilon));
  const int pairs = extent(table, 0);
  const float *firstFrom = floats(x), *firstWeights = floats(w);
  const float *secondFrom = firstFrom + pairs, *secondWeights = firstWeights + pairs;
  const float *cosines = floats(table), *sines = cosines + stride(table, 1);
  float *firsts = floats(out), *seconds = firsts + stride(out, 1);
  forColumns<V>(pairs, [&](int pair, auto part) {
    const Float first = V::mul(V::mul(part.load(firstFrom + pair), factor), part.load(firstWeights + pair));
    const Float second = V::mul(V::mul(part.load(secondFrom + pair), factor), part.load(secondWeights + pair));
    const Float cosine = part.load(cosines + pair), sine = part.load(sines + pair);
    part.store(V::sub(V::mul(first, cosine), V::mul(second, sine)), firsts + pair);
    part.store(V::add(V::mul(second, cosine), V::mul(first, sine)), seconds + pair);
  });
  return 0;
}
