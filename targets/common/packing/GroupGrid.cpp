//===- GroupGrid.cpp - groups of 32 weights that are on a 4-bit grid already ---===//
// SPDX-License-Identifier: Apache-2.0
//
// The largest magnitude is k * scale for a k of 1..8, which leaves few scales to try: those next to max|w| / k whose
// product with k rounds back to it. Signs are tried together: a negative scale is a positive one with -7..8.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/GroupGrid.h"

#include "targets/common/packing/BFloat16.h"
#include "targets/common/packing/VectorCode.h"

#include <cfloat>
#include <cmath>
#include <cstring>

namespace lapidary {

namespace {

constexpr int group = 32, vectors = group / vectorLanes;

LAPIDARY_INLINE float largestMagnitude(const float *values) {
  float largest = 0;
  for (int i = 0; i < group; ++i) {
    const float magnitude = std::fabs(values[i]);
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest;
}

/// The sum of squares of what separates the values from their products integer * scale; negative when one of them is no
/// such product. `out_flipped`: the integers need the range -7..8.
LAPIDARY_INLINE float gridError(const Vector *values, float scale, bool &out_flipped) {
  const Vector zero = {}, magic = zero + roundMagic, inverse = zero + 1.0f / scale;
  Vector errors = {}, low = {}, high = {};
  for (int i = 0; i < vectors; ++i) {
    const Vector integers = (values[i] * inverse + magic) - magic, products = integers * scale;
    const VectorBits bits = (VectorBits)products;
    const Vector rounded = (Vector)((bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u);
    if (__builtin_reduce_or((rounded != values[i]) & (products != values[i]))) {
      return -1.0f; // ordinary weights end here, after a few values
    }
    errors += (products - values[i]) * (products - values[i]);
    low = integers < low ? integers : low;
    high = integers > high ? integers : high;
  }
  float error = 0, lowest = 0, highest = 0;
  for (int lane = 0; lane < vectorLanes; ++lane) {
    error += errors[lane];
    lowest = low[lane] < lowest ? low[lane] : lowest;
    highest = high[lane] > highest ? high[lane] : highest;
  }
  out_flipped = highest > 7.0f;
  return lowest < -8.0f || highest > 8.0f || (lowest < -7.0f && highest > 7.0f) ? -1.0f : error;
}

LAPIDARY_INLINE bool searchGrid(const float *values, float &out_scale) {
  const float largest = largestMagnitude(values);
  out_scale = 0;
  if (!(largest >= FLT_MIN * 256 && largest <= FLT_MAX)) { // tiny and broken values have no inverse
    bool zeros = true;                                     // a NaN is neither zero nor the largest
    for (int i = 0; i < group; ++i) {
      zeros &= values[i] == 0.0f;
    }
    return zeros;
  }
  Vector group4[vectors];
  std::memcpy(group4, values, sizeof(group4));
  float bestError = INFINITY;
  for (int k = 1; k <= 8; ++k) {
    const uint16_t middle = toBFloat16(largest / static_cast<float>(k));
    for (int offset = -1; offset <= 1; ++offset) {
      const float scale = fromBFloat16(static_cast<uint16_t>(middle + offset)), product = scale * static_cast<float>(k);
      if (product != largest && fromBFloat16(toBFloat16(product)) != largest) {
        continue;
      }
      bool flipped = false;
      const float error = gridError(group4, scale, flipped);
      if (error >= 0.0f && error < bestError) {
        bestError = error;
        out_scale = flipped ? -scale : scale;
      }
    }
  }
  return bestError < INFINITY;
}

} // namespace

LAPIDARY_FOR_EACH_CPU bool findGrid4(const float *values, float &out_scale, int8_t *out_integers) {
  if (!searchGrid(values, out_scale)) {
    return false;
  }
  const float inverse = out_scale != 0.0f ? 1.0f / out_scale : 0.0f;
  for (int i = 0; i < group; ++i) {
    out_integers[i] = static_cast<int8_t>((values[i] * inverse + roundMagic) - roundMagic);
  }
  return true;
}

} // namespace lapidary
