//===- SecondMoments.cpp - X^T X of rows that the compiler has ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Strips of four columns times vectors of eight, summed over all rows in registers.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/SecondMoments.h"

#include "targets/common/PackedLayout.h"
#include "targets/common/packing/VectorCode.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace lapidary {

namespace {

constexpr uint64_t strip = 4;

/// Adds the products of columns [i, i + strip) with columns [j, j + vectorLanes) of all rows to `out` [strip][stride].
LAPIDARY_INLINE void addTile(const float *rows, uint64_t count, uint64_t columns, uint64_t i, uint64_t j, float *out,
                             uint64_t stride) {
  Vector sums[strip] = {};
  for (uint64_t row = 0; row < count; ++row) {
    const float *values = rows + row * columns;
    Vector others;
    std::memcpy(&others, values + j, sizeof(others));
    for (uint64_t k = 0; k < strip; ++k) {
      sums[k] += others * values[i + k];
    }
  }
  for (uint64_t k = 0; k < strip; ++k) {
    Vector sum;
    std::memcpy(&sum, out + k * stride, sizeof(sum));
    sum += sums[k];
    std::memcpy(out + k * stride, &sum, sizeof(sum));
  }
}

} // namespace

LAPIDARY_FOR_EACH_CPU void addMoments(const float *rows, uint64_t count, uint64_t columns, float *moments) {
  const uint64_t stride = momentStride(columns);
  for (uint64_t first = 0; first < columns; first += stride) {
    const uint64_t end = std::min(first + stride, columns);
    for (uint64_t i = first; i < end; i += strip) {
      for (uint64_t j = first; j < end; j += vectorLanes) {
        addTile(rows, count, columns, i, j, moments + i * stride + j - first, stride);
      }
    }
  }
}

double meanDiagonal(const float *moments, uint64_t columns) {
  const uint64_t stride = momentStride(columns);
  double sum = 0;
  for (uint64_t i = 0; i < columns; ++i) {
    sum += moments[i * stride + i % stride];
  }
  return std::isfinite(sum) && sum > 0 ? sum / static_cast<double>(columns) : 0;
}

} // namespace lapidary
