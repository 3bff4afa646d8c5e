// ElementwiseKernels.cpp - column-by-column kernels, 32 lanes of floats (targets/common/algorithms/Elementwise.h).
// SPDX-License-Identifier: Apache-2.0
#include "targets/hexagon/kernels/floats/VectorMath.h"

using namespace lap::hexagon;
using lap::B;

namespace {

using V = Floats;
using Float = V::Float;

/// out[column] = value(column, Whole or Part) for every column of `out`.
template <typename Value> LAPIDARY_INLINE int toFloats(B out, Value &&value) {
  float *to = floats(out);
  forColumns<V>(extent(out, 0), [&](int column, auto part) { part.store(value(column, part), to + column); });
  return 0;
}

/// The same, rounded to steps.
template <typename Value> LAPIDARY_INLINE int toIntegers(B out, float step, Value &&value) {
  int8_t *to = data<int8_t>(out);
  const StepRounder<V> steps(step);
  forColumns<V>(extent(out, 0), [&](int column, auto part) { part.round(steps, value(column, part), to + column); });
  return 0;
}

} // namespace

LAPIDARY_KERNEL(f32_gelu_mul_1x16)(B gate, B up, B out) {
  const float *g = floats(gate), *u = floats(up);
  return toFloats(out,
                  [&](int column, auto part) { return V::mul(gelu<V>(part.load(g + column)), part.load(u + column)); });
}

LAPIDARY_KERNEL(f32_gelu_mul_static_1x16)(B gate, B up, float step, B out) {
  const float *g = floats(gate), *u = floats(up);
  return toIntegers(
      out, step, [&](int column, auto part) { return V::mul(gelu<V>(part.load(g + column)), part.load(u + column)); });
}

LAPIDARY_KERNEL(f32_add_1x16)(B a, B b, float scale, B out) {
  const float *x = floats(a), *y = floats(b);
  return toFloats(out, [&](int column, auto part) {
    return V::mul(V::add(part.load(x + column), part.load(y + column)), V::splat(scale));
  });
}

LAPIDARY_KERNEL(f32_quantize_static_1x32)(B x, float step, B out) {
  const float *from = floats(x);
  return toIntegers(out, step, [&](int column, auto part) { return part.load(from + column); });
}

LAPIDARY_KERNEL(f32_scale_1x16)(B x, float scale, B out) {
  const float *from = floats(x);
  return toFloats(out, [&](int column, auto part) { return V::mul(part.load(from + column), V::splat(scale)); });
}

LAPIDARY_KERNEL(f32_softcap_1x16)(B x, float cap, B out) {
  const float *from = floats(x), inverse = 1.0f / cap;
  return toFloats(out, [&](int column, auto part) {
    const Float capped = hyperbolicTangent<V>(V::mul(part.load(from + column), V::splat(inverse)));
    return V::mul(V::splat(cap), capped);
  });
}

LAPIDARY_KERNEL(f32_combine_experts_1x16)(B x, B weights, B out) {
  const float *from = floats(x), *weight = floats(weights);
  const int ranks = extent(weights, 0), distance = stride(x, 1);
  return toFloats(out, [&](int column, auto part) {
    Float total = V::splat(0.0f);
    for (int rank = 0; rank < ranks; ++rank) {
      total = V::mulAdd(V::splat(weight[rank]), part.load(from + column + rank * distance), total);
    }
    return total;
  });
}
