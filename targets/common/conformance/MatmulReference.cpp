// MatmulReference.cpp - single outputs of products, computed by definition.
// SPDX-License-Identifier: Apache-2.0
//
// See MatmulReference.h.
#include "targets/common/conformance/MatmulReference.h"

#include "targets/common/PackedLayout.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace lapidary::conformance {

float floatReference(const Matrix &w, uint32_t row, const float *x) {
  float sum = 0.0f;
  for (uint32_t c = 0; c < w.columns; ++c) {
    sum = std::fma(w.at(row, c), x[c], sum);
  }
  return sum;
}

/// Of the columns [first, end).
static int dot(const Matrix &w, uint32_t row, const int8_t *values, uint32_t first, uint32_t end) {
  int sum = 0;
  for (uint32_t c = first; c < std::min(end, w.columns); ++c) {
    sum += w.integerAt(row, c) * values[c];
  }
  return sum;
}

GroupOutput groupReference(const Matrix &w, uint32_t row, const uint8_t *x, lap_element element) {
  const uint32_t padded = static_cast<uint32_t>(padColumns(w.columns));
  const uint64_t planeBytes = activationRowBytes(LAP_ROWS_Q8, padded);
  GroupOutput out = {};
  for (uint32_t g = 0; g < padded / LAP_GROUP; ++g) {
    for (uint32_t plane = 0; plane < (element == LAP_ROWS_Q24 ? unsigned(LAP_PLANES) : 1u); ++plane) {
      const uint8_t *start = x + plane * planeBytes;
      const float *scales = reinterpret_cast<const float *>(start + padded);
      const int sumOfGroup = dot(w, row, reinterpret_cast<const int8_t *>(start), g * LAP_GROUP, (g + 1) * LAP_GROUP);
      const float scale = w.scaleAt(row, g * LAP_GROUP) * scales[g];
      out.value = std::fma(static_cast<float>(sumOfGroup), scale, out.value);
      out.magnitude += std::fabs(static_cast<double>(sumOfGroup) * scale);
      ++out.terms;
    }
  }
  return out;
}

double rowReference(const Matrix &w, uint32_t row, const uint8_t *x, lap_element element, float step) {
  const uint32_t padded = static_cast<uint32_t>(padColumns(w.columns));
  const int8_t *values = reinterpret_cast<const int8_t *>(x);
  const float weight = w.scaleAt(row, 0);
  const uint32_t planes = element == LAP_ROWS_I8 ? 1 : LAP_PLANES;
  float scale = step;
  if (element == LAP_ROWS_R24) {
    std::memcpy(&scale, x + LAP_PLANES * padded, sizeof(scale));
  }
  int64_t sum = 0;
  for (uint32_t plane = 0; plane < planes; ++plane) {
    sum = 256 * sum + dot(w, row, values + plane * padded, 0, padded);
  }
  return static_cast<double>(sum) * (static_cast<double>(scale) * static_cast<double>(weight));
}

} // namespace lapidary::conformance
