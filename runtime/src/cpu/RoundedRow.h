//===- RoundedRow.h - a query row in integers of 16 bits -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What attention over int8 caches multiplies (targets/common/algorithms/Attention.h). Both loops are of operations that
// every compiler finds vector instructions for, on the oldest CPU of every target.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CPU_ROUNDEDROW_H
#define LAPIDARY_RUNTIME_CPU_ROUNDEDROW_H

#include "Kernels.h"

namespace lap {

/// The largest magnitude of `count` floats. Magnitudes are in the order of their bits.
inline float largestMagnitude(const float *row, uint32_t count) {
  uint32_t largest = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, row[i]) & 0x7fffffff;
    largest = bits > largest ? bits : largest;
  }
  return __builtin_bit_cast(float, largest);
}

/// to[i] = round(x * (LargestFactor / largest |x|)) of x = row[i] * scale, ties to even; all zero where the largest is
/// at most LeastQuery. Returns what an integer is worth, about x / to[i].
inline float roundRow(const float *row, uint32_t count, float scale, int16_t *to) {
  constexpr float Whole = 0x1.8p23f; // floats about it are whole numbers
  const float largest = largestMagnitude(row, count) * scale;
  const float inverse = largest > LeastQuery ? LargestFactor / largest : 0.0f;
  for (uint32_t i = 0; i < count; ++i) {
    const float moved = row[i] * scale * inverse + Whole;
    to[i] = static_cast<int16_t>(__builtin_bit_cast(int32_t, moved) - __builtin_bit_cast(int32_t, Whole));
  }
  return largest * (1.0f / LargestFactor);
}

} // namespace lap

#endif // LAPIDARY_RUNTIME_CPU_ROUNDEDROW_H
