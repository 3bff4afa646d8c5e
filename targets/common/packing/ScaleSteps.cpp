//===- ScaleSteps.cpp - the scales that a group of 4-bit weights may have ------===//
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/packing/ScaleSteps.h"

#include <algorithm>
#include <cmath>

namespace lapidary {

float scaleStep(const float *values, uint64_t count) {
  float largest = 0;
  for (uint64_t i = 0; i < count; ++i) {
    largest = std::max(largest, std::fabs(values[i]));
  }
  int exponent;
  const float fraction = std::frexp(largest / 7.0f / mostScaleSteps, &exponent); // 0.5 .. 1, or 0
  return std::ldexp(1.0f, std::max(fraction == 0.5f ? exponent - 1 : exponent, -126));
}

} // namespace lapidary
