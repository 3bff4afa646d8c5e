// ElementwiseKernels.cpp - column-by-column kernels, 32 lanes of floats (targets/common/algorithms/Elementwise.h).
// SPDX-License-Identifier: Apache-2.0
#include "targets/hexagon/kernels/floats/Columns.h"

using namespace lap::hexagon;
using lap::B;

namespace {

using V = Floats;

/// out[column] = value(column, part) for every column of `out`; part: forColumns' Whole or Part.
template <int AtOnce, typename Value> LAPIDARY_INLINE int toFloats(B out, Value &&value) {
  float *to = floats(out);
  forColumns<V, AtOnce>(extent(out, 0), [&](int column, auto part) { part.store(value(column, part), to + column); });
  return 0;
}

/// The same, rounded to steps.
template <int AtOnce, typename Value> LAPIDARY_INLINE int toIntegers(B out, float step, Value &&value) {
  int8_t *to = data<int8_t>(out);
  StepBuffer<V> buffer;
  StepRounder<V> rounder(step, buffer);
  forColumns<V, AtOnce>(extent(out, 0),
                        [&](int column, auto part) { part.round(rounder, value(column, part), to + column); });
  rounder.finish();
  return 0;
}

template <typename Part> LAPIDARY_INLINE auto geluOf(const float *gate, const float *up, const Part &part) {
  using W = typename Part::Vector;
  return W::mul(gelu<W>(part.load(gate)), part.load(up));
}

} // namespace

LAPIDARY_KERNEL(f32_gelu_mul_1x16)(B gate, B up, B out) {
  const float *g = floats(gate), *u = floats(up);
  return toFloats<4>(out, [&](int column, auto part) { return geluOf(g + column, u + column, part); });
}

LAPIDARY_KERNEL(f32_gelu_mul_static_1x16)(B gate, B up, float step, B out) {
  const float *g = floats(gate), *u = floats(up);
  return toIntegers<4>(out, step, [&](int column, auto part) { return geluOf(g + column, u + column, part); });
}

LAPIDARY_KERNEL(f32_add_1x16)(B a, B b, float scale, B out) {
  const float *x = floats(a), *y = floats(b);
  return toFloats<8>(out, [&](int column, auto part) {
    using W = typename decltype(part)::Vector;
    return W::mul(W::add(part.load(x + column), part.load(y + column)), W::splat(scale));
  });
}

LAPIDARY_KERNEL(f32_quantize_static_1x32)(B x, float step, B out) {
  const float *from = floats(x);
  return toIntegers<8>(out, step, [&](int column, auto part) { return part.load(from + column); });
}

LAPIDARY_KERNEL(f32_scale_1x16)(B x, float scale, B out) {
  const float *from = floats(x);
  return toFloats<8>(out, [&](int column, auto part) {
    using W = typename decltype(part)::Vector;
    return W::mul(part.load(from + column), W::splat(scale));
  });
}

LAPIDARY_KERNEL(f32_softcap_1x16)(B x, float cap, B out) {
  const float *from = floats(x), inverse = 1.0f / cap;
  return toFloats<4>(out, [&](int column, auto part) {
    using W = typename decltype(part)::Vector;
    const auto capped = hyperbolicTangent<W>(W::mul(part.load(from + column), W::splat(inverse)));
    return W::mul(W::splat(cap), capped);
  });
}

LAPIDARY_KERNEL(f32_combine_experts_1x16)(B x, B weights, B out) {
  const float *from = floats(x), *weight = floats(weights);
  const int ranks = extent(weights, 0), distance = stride(x, 1);
  return toFloats<4>(out, [&](int column, auto part) {
    using W = typename decltype(part)::Vector;
    auto total = W::splat(0.0f);
    for (int rank = 0; rank < ranks; ++rank) {
      total = W::mulAdd(W::splat(weight[rank]), part.load(from + column + rank * distance), total);
    }
    return total;
  });
}
