// IntegerAttention.cpp - attention over int8 caches in scalar code.
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/conformance/IntegerAttention.h"

#include "runtime/src/cpu/Kernels.h"

#include <algorithm>
#include <cmath>

namespace lapidary::conformance {

namespace {

/// To the nearest, ties to even.
int32_t whole(float x) { return static_cast<int32_t>(std::nearbyint(x)); }

float exponential(float x) {
  const float bounded = std::min(std::max(x, -87.3f), 88.0f);
  const float n = std::nearbyint(bounded * 1.44269504088896341f);
  float r = std::fma(n, -0.693359375f, bounded);
  r = std::fma(n, 2.12194440e-4f, r);
  float tail = 1.9875691500e-4f;
  for (float coefficient : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f}) {
    tail = std::fma(tail, r, coefficient);
  }
  const float value = std::fma(tail, r * r, r) + 1.0f;
  return x < -87.3f ? 0.0f : value * std::ldexp(1.0f, static_cast<int>(n));
}

int32_t dot(const std::vector<int32_t> &factors, const int8_t *row) {
  int32_t sum = 0;
  for (size_t d = 0; d < factors.size(); ++d) {
    sum += factors[d] * row[d];
  }
  return sum;
}

} // namespace

RoundedRow roundRow(const float *row, uint32_t dim) {
  float largest = 0.0f;
  for (uint32_t d = 0; d < dim; ++d) {
    largest = std::max(largest, std::fabs(row[d]));
  }
  const float inverse = largest > lap::LeastQuery ? lap::LargestFactor / largest : 0.0f;
  RoundedRow rounded = {{}, largest * (1.0f / lap::LargestFactor)};
  for (uint32_t d = 0; d < dim; ++d) {
    rounded.factors.push_back(whole(row[d] * inverse));
  }
  return rounded;
}

Attended attendKeys(const RoundedRow &query, const int8_t *keys, const int8_t *values, uint32_t count,
                    uint32_t stride) {
  Attended result;
  std::vector<float> scores;
  for (uint32_t k = 0; k < count; ++k) {
    scores.push_back(static_cast<float>(dot(query.factors, keys + size_t(k) * stride)) * query.step);
    result.maximum = std::max(result.maximum, scores.back());
  }
  int32_t total = 0;
  std::vector<int32_t> sums(query.factors.size());
  for (uint32_t k = 0; k < count; ++k) {
    const int32_t weight = whole(exponential(scores[k] - result.maximum) * lap::LargestFactor);
    total += weight;
    for (size_t d = 0; d < sums.size(); ++d) {
      sums[d] += values[size_t(k) * stride + d] * weight;
    }
  }
  result.total = static_cast<float>(total);
  result.sum.assign(sums.begin(), sums.end());
  return result;
}

void fold(Attended &before, const Attended &slice) {
  const float maximum = std::max(before.maximum, slice.maximum);
  const float oldFactor = exponential(before.maximum - maximum), newFactor = exponential(slice.maximum - maximum);
  before.maximum = maximum;
  before.total = before.total * oldFactor + slice.total * newFactor;
  before.sum.resize(slice.sum.size());
  for (size_t d = 0; d < slice.sum.size(); ++d) {
    before.sum[d] = before.sum[d] * oldFactor + slice.sum[d] * newFactor;
  }
}

} // namespace lapidary::conformance
