// RowKernels.cpp - rows between float and integers (targets/common/algorithms/Rows.h).
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/PackedLayout.h"
#include "targets/hexagon/kernels/Math.h"

using namespace lap::hexagon;
using namespace lapidary;
using lap::B;

namespace {

template <typename Weight> LAPIDARY_INLINE void embedFloat(B w, float scale, B out) {
  const Weight *from = data<Weight>(w);
  float *to = floats(out);
  for (int column = 0, columns = extent(out, 0), distance = stride(w, 0); column < columns; ++column) {
    to[column] = asFloat(from[column * distance]) * scale;
  }
}

/// A scale of a group, or its number of steps.
template <lap_format Format> LAPIDARY_INLINE float groupScale(B weightScales, int at) {
  if constexpr (hasScaleSteps(Format)) {
    return static_cast<float>(data<int8_t>(weightScales)[at]);
  } else {
    return fromBf16(data<uint16_t>(weightScales)[at]);
  }
}

/// out [4 columns, block, half, group], weights [4 columns, block, group]; a row's step is in `scale`
template <lap_format Format> LAPIDARY_INLINE void embedGroup(B weights, B weightScales, float scale, B out) {
  constexpr int halves = integersPerByte(Format), blocks = LAP_GROUP / 4 / halves, bits = integerBits(Format);
  for (int group = 0, groups = extent(out, 3); group < groups; ++group) {
    const float weightScale = groupScale<Format>(weightScales, group * stride(weightScales, 0));
    for (int i = 0; i < LAP_GROUP; ++i) {
      const int c = i % 4, block = i / 4 % blocks, half = i / 4 / blocks;
      const int byte = weights->host[c + block * stride(weights, 1) + group * stride(weights, 2)];
      const int integer = (byte >> half * bits & ((1 << bits) - 1)) - zeroPoint(Format);
      floats(out)[c + block * stride(out, 1) + half * stride(out, 2) + group * stride(out, 3)] =
          static_cast<float>(integer) * weightScale * scale;
    }
  }
}

/// out [4 bytes, field, block], weights [4 bytes, block]
template <lap_format Format> LAPIDARY_INLINE void embedRow(B weights, float weightScale, float scale, B out) {
  constexpr int fields = integersPerByte(Format), bits = integerBits(Format);
  for (int block = 0, blocks = extent(out, 2); block < blocks; ++block) {
    for (int i = 0; i < 4 * fields; ++i) {
      const int c = i / fields, field = i % fields;
      const int byte = weights->host[c + block * stride(weights, 1)];
      const int integer = (byte >> field * bits & ((1 << bits) - 1)) - zeroPoint(Format);
      floats(out)[c * stride(out, 0) + field * stride(out, 1) + block * stride(out, 2)] =
          static_cast<float>(integer) * weightScale * scale;
    }
  }
}

/// One group of 32 columns to int8, with its scale and sum.
LAPIDARY_INLINE void quantizeGroup(const float *values, float &scale, int32_t &sum, int8_t *out) {
  float largest = 0.0f;
  for (int column = 0; column < LAP_GROUP; ++column) {
    largest = most(largest, magnitude(values[column]));
  }
  scale = largest / 127.0f;
  sum = 0;
  for (int column = 0; column < LAP_GROUP; ++column) {
    const float quotient = most(least(values[column] / scale, 127.0f), -127.0f);
    out[column] = scale > 0.0f ? static_cast<int8_t>(nearest(quotient)) : 0; // a group of (almost) zeros has scale 0
    sum += out[column];
  }
}

LAPIDARY_INLINE float largestOf(const float *values, int columns) {
  float largest = 0.0f;
  for (int column = 0; column < columns; ++column) {
    largest = most(largest, magnitude(values[column]));
  }
  return largest;
}

} // namespace

#define LAPIDARY_EMBED_FLOAT(Weight, symbol)                                                                           \
  LAPIDARY_KERNEL(symbol)(B w, float scale, B out) { return embedFloat<Weight>(w, scale, out), 0; }
#define LAPIDARY_EMBED_GROUP(format, symbol)                                                                           \
  LAPIDARY_KERNEL(symbol)(B weights, B weightScales, float scale, B out) {                                             \
    return embedGroup<format>(weights, weightScales, scale, out), 0;                                                   \
  }
#define LAPIDARY_EMBED_ROW(format, symbol)                                                                             \
  LAPIDARY_KERNEL(symbol)(B weights, float weightScale, float scale, B out) {                                          \
    return embedRow<format>(weights, weightScale, scale, out), 0;                                                      \
  }
LAPIDARY_EMBED_FLOAT(float, f32_embed_1x32)
LAPIDARY_EMBED_FLOAT(uint16_t, bf16_embed_1x32)
LAPIDARY_EMBED_GROUP(LAP_W8G32, w8g32_bf16s_embed_1x32)
LAPIDARY_EMBED_GROUP(LAP_W4G32, w4g32_bf16s_embed_1x32)
LAPIDARY_EMBED_GROUP(LAP_W4G32S8, w4g32_i8s_embed_1x32)
LAPIDARY_EMBED_ROW(LAP_W2ROW, w2row_f32s_embed_1x32)
LAPIDARY_EMBED_ROW(LAP_W4ROW, w4row_f32s_embed_1x32)
LAPIDARY_EMBED_ROW(LAP_W8ROW, w8row_f32s_embed_1x32)

LAPIDARY_KERNEL(f32_quantize_1x32)(B x, B scales, B sums, B values) {
  for (int group = 0, groups = extent(scales, 0); group < groups; ++group) {
    quantizeGroup(floats(x) + group * LAP_GROUP, floats(scales)[group], data<int32_t>(sums)[group],
                  data<int8_t>(values) + group * LAP_GROUP);
  }
  return 0;
}

LAPIDARY_KERNEL(f32_quantize_residual_1x32)
(B x, B firstScales, B firstValues, B rest, B scales, B sums, B values) {
  for (int group = 0, groups = extent(scales, 0); group < groups; ++group) {
    const float *from = floats(x) + group * LAP_GROUP, scale = floats(firstScales)[group];
    const int8_t *first = data<int8_t>(firstValues) + group * LAP_GROUP;
    float *left = floats(rest) + group * LAP_GROUP;
    for (int column = 0; column < LAP_GROUP; ++column) {
      left[column] = fusedMulAdd(-scale, static_cast<float>(first[column]), from[column]);
    }
    quantizeGroup(left, floats(scales)[group], data<int32_t>(sums)[group], data<int8_t>(values) + group * LAP_GROUP);
  }
  return 0;
}

LAPIDARY_KERNEL(f32_quantize_row_1x32)(B x, B scale, B high, B middle, B low) {
  const int columns = extent(high, 0);
  const float *from = floats(x);
  constexpr float steps = 127.0f * 65536.0f; // below 2^23, so whole numbers are exact
  const float step = largestOf(from, columns) / steps;
  *floats(scale) = step;
  for (int column = 0; column < columns; ++column) {
    const float quotient = most(least(from[column] / step, steps), -steps);
    const int32_t whole = step > 0.0f ? nearest(quotient) : 0;
    const int32_t upper = (whole + 128) >> 8, top = (upper + 128) >> 8;
    data<int8_t>(high)[column] = static_cast<int8_t>(top);
    data<int8_t>(middle)[column] = static_cast<int8_t>(upper - (top << 8));
    data<int8_t>(low)[column] = static_cast<int8_t>(whole - (upper << 8));
  }
  return 0;
}
