// NormKernels.cpp - RMS norms and rotary embedding of a row or a head (targets/common/algorithms/Norms.h).
// SPDX-License-Identifier: Apache-2.0
#include "targets/hexagon/kernels/Math.h"

using namespace lap::hexagon;
using lap::B;

namespace {

/// 1 / sqrt(sum(x^2) / width + epsilon); the sum is taken in 16 strands, which are added in order.
float factorOf(B x, float width, float epsilon) {
  const float *from = floats(x);
  float strands[16] = {};
  for (int step = 0, steps = extent(x, 0) / 16; step < steps; ++step) {
    for (int i = 0; i < 16; ++i) {
      const float value = from[step * 16 + i];
      strands[i] = fusedMulAdd(value, value, strands[i]);
    }
  }
  float squares = 0.0f;
  for (float strand : strands) {
    squares += strand;
  }
  return 1.0f / __builtin_sqrtf(squares / width + epsilon);
}

/// store(column, normed value) for the columns of `x`, whose weights are used when `weighted` is 1.
template <typename Store>
LAPIDARY_INLINE void norm(B x, B w, float width, float epsilon, int32_t weighted, Store &&store) {
  const float factor = factorOf(x, width, epsilon), *from = floats(x), *weights = floats(w);
  for (int column = 0, columns = extent(x, 0); column < columns; ++column) {
    const float value = from[column] * factor;
    store(column, weighted == 1 ? value * weights[column] : value);
  }
}

} // namespace

LAPIDARY_KERNEL(f32_rms_norm_1x16)(B x, B w, float width, float epsilon, int32_t weighted, B out) {
  float *to = floats(out);
  norm(x, w, width, epsilon, weighted, [&](int column, float value) { to[column] = value; });
  return 0;
}

LAPIDARY_KERNEL(f32_rms_norm_static_1x16)(B x, B w, float width, float epsilon, int32_t weighted, float step, B out) {
  int8_t *to = data<int8_t>(out);
  norm(x, w, width, epsilon, weighted, [&](int column, float value) { to[column] = toInt8(value, step); });
  return 0;
}

LAPIDARY_KERNEL(f32_residual_norm_1x16)(B residual, B x, B w, float width, float epsilon, float scale, B out) {
  const float *before = floats(residual);
  float *to = floats(out);
  norm(x, w, width, epsilon, 1, [&](int column, float value) { to[column] = (before[column] + value) * scale; });
  return 0;
}

LAPIDARY_KERNEL(f32_norm_rotary_1x16)(B x, B w, B table, float width, float epsilon, B out) {
  const float factor = factorOf(x, width, epsilon), *from = floats(x), *weights = floats(w);
  const int pairs = extent(table, 0);
  const float *cosines = floats(table), *sines = cosines + stride(table, 1);
  float *firsts = floats(out), *seconds = firsts + stride(out, 1);
  for (int pair = 0; pair < pairs; ++pair) {
    const float first = from[pair] * factor * weights[pair];
    const float second = from[pair + pairs] * factor * weights[pair + pairs];
    firsts[pair] = first * cosines[pair] - second * sines[pair];
    seconds[pair] = second * cosines[pair] + first * sines[pair];
  }
  return 0;
}
