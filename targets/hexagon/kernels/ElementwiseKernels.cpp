// ElementwiseKernels.cpp - column-by-column kernels (targets/common/algorithms/Elementwise.h).
// SPDX-License-Identifier: Apache-2.0
#include "targets/hexagon/kernels/Math.h"

using namespace lap::hexagon;
using lap::B;

namespace {

/// x * sigmoid(2u) with u = sqrt(2 / pi) (x + 0.044715 x^3).
LAPIDARY_INLINE float gelu(float x) {
  const float u = 0.79788456080286535588f * fusedMulAdd(x * x * x, 0.044715f, x);
  return x / (1.0f + exponential(u * -2.0f));
}

/// out[column] = value(column) for every column of `out`.
template <typename T, typename Value> LAPIDARY_INLINE void forColumns(B out, Value &&value) {
  T *to = data<T>(out);
  for (int column = 0, columns = extent(out, 0); column < columns; ++column) {
    to[column] = value(column);
  }
}

} // namespace

LAPIDARY_KERNEL(f32_gelu_mul_1x16)(B gate, B up, B out) {
  const float *g = floats(gate), *u = floats(up);
  forColumns<float>(out, [&](int column) { return gelu(g[column]) * u[column]; });
  return 0;
}

LAPIDARY_KERNEL(f32_gelu_mul_static_1x16)(B gate, B up, float step, B out) {
  const float *g = floats(gate), *u = floats(up);
  forColumns<int8_t>(out, [&](int column) { return toInt8(gelu(g[column]) * u[column], step); });
  return 0;
}

LAPIDARY_KERNEL(f32_add_1x16)(B a, B b, float scale, B out) {
  const float *x = floats(a), *y = floats(b);
  forColumns<float>(out, [&](int column) { return (x[column] + y[column]) * scale; });
  return 0;
}

LAPIDARY_KERNEL(f32_quantize_static_1x32)(B x, float step, B out) {
  const float *from = floats(x);
  forColumns<int8_t>(out, [&](int column) { return toInt8(from[column], step); });
  return 0;
}

LAPIDARY_KERNEL(f32_scale_1x16)(B x, float scale, B out) {
  const float *from = floats(x);
  forColumns<float>(out, [&](int column) { return from[column] * scale; });
  return 0;
}

LAPIDARY_KERNEL(f32_softcap_1x16)(B x, float cap, B out) {
  const float *from = floats(x);
  forColumns<float>(out, [&](int column) { return cap * hyperbolicTangent(from[column] / cap); });
  return 0;
}

LAPIDARY_KERNEL(f32_combine_experts_1x16)(B x, B weights, B out) {
  const float *from = floats(x), *weight = floats(weights);
  const int ranks = extent(weights, 0), distance = stride(x, 1);
  forColumns<float>(out, [&](int column) {
    float total = 0.0f;
    for (int rank = 0; rank < ranks; ++rank) {
      total = fusedMulAdd(weight[rank], from[column + rank * distance], total);
    }
    return total;
  });
  return 0;
}
