// StepRounderTest.cpp - rounding to int8 steps, against its definition.
// SPDX-License-Identifier: Apache-2.0
//
// With the model of floats, rounded as version 79 does and cut off. Values lie on ties, beside them, and beyond the
// range of int8; steps are powers of two, others, and such that have no normal reciprocal.
#define LAPIDARY_MODEL_FLOATS Nearest
#include "targets/hexagon/kernels/floats/Columns.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

using namespace lap::hexagon;

namespace {

int8_t defined(float value, float step) {
  return static_cast<int8_t>(std::nearbyint(std::fmin(std::fmax(value / step, -128.0f), 127.0f)));
}

/// `rounder` has four vectors at a time, then one.
template <typename V> std::vector<int8_t> roundAll(const std::vector<float> &values, float step) {
  std::vector<int8_t> out(values.size());
  StepBuffer<V> buffer;
  StepRounder<V> rounder(step, buffer);
  size_t at = 0;
  for (; at + 4 * V::Lanes <= values.size(); at += 4 * V::Lanes) {
    using Four = Several<V, 4>;
    rounder.template round<Four>(Four::load(&values[at]), &out[at]);
  }
  for (; at < values.size(); at += V::Lanes) {
    using One = Several<V, 1>;
    rounder.template round<One>(One::load(&values[at]), &out[at]);
  }
  rounder.finish();
  return out;
}

/// 4 * 32 * 21 + 3 * 32 values.
std::vector<float> valuesAround(float step) {
  std::vector<float> values;
  std::mt19937 random(7);
  std::uniform_real_distribution<float> anywhere(-140.0f, 140.0f);
  for (int k = -134; k < 134; ++k) {
    const float tie = (static_cast<float>(k) + 0.5f) * step;
    for (float value : {tie, std::nextafter(tie, 1e38f), std::nextafter(tie, -1e38f), static_cast<float>(k) * step}) {
      values.push_back(value);
    }
  }
  for (float value : {0.0f, -0.0f, 1e30f * step, -1e30f * step, step * 0x1p-20f}) {
    values.push_back(std::isfinite(value) ? value : 3e38f);
  }
  while (values.size() < 4 * 32 * 21 + 3 * 32) {
    values.push_back(anywhere(random) * step);
  }
  return values;
}

template <typename V> void expectDefinition(float step) {
  const std::vector<float> values = valuesAround(step);
  const std::vector<int8_t> got = roundAll<V>(values, step);
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(int(got[i]), int(defined(values[i], step))) << values[i] << " in steps of " << step << ", value " << i;
  }
}

TEST(StepRounder, RoundsAsDefinedWhateverTheFloatsLastBits) {
  int steps = 0;
  for (float step : {1.0f, 0.25f, 0.0123f, 3.7f, 0.1f, 7e-5f, 12345.6f, 0x1.fffffep-3f, 0x1.000002p5f, 0x1p-110f,
                     0x1p-127f, 0x1p110f}) {
    expectDefinition<ModelFloats<ModelRounding::Nearest>>(step);
    expectDefinition<ModelFloats<ModelRounding::TowardZero>>(step);
    ++steps;
  }
  EXPECT_GT(steps, 0);
}

template <typename V> void expectExponential() {
  float lanes[32];
  for (int i = 0; i < 40000; ++i) {
    const float x = -90.0f + 150.0f * static_cast<float>(i) / 40000.0f;
    V::store(exponential<V>(V::splat(x)), lanes);
    if (x < -87.3f) {
      ASSERT_EQ(lanes[0], 0.0f);
    } else {
      ASSERT_NEAR(lanes[0] / std::exp(double(x)), 1.0, 2e-6) << x;
    }
  }
  V::store(exponential<V>(V::splat(0.0f)), lanes);
  EXPECT_EQ(lanes[0], 1.0f);
  for (int i = 0; i < 40000; ++i) {
    const float x = std::ldexp(1.0f + static_cast<float>(i % 400) / 400.0f, i / 400);
    V::store(reciprocal<V>(V::splat(x)), lanes);
    ASSERT_NEAR(lanes[0] * double(x), 1.0, 1e-6) << x;
  }
}

TEST(VectorMath, ExponentialAndReciprocalAreGoodToAFewLastBits) {
  expectExponential<ModelFloats<ModelRounding::Nearest>>();
  expectExponential<ModelFloats<ModelRounding::TowardZero>>();
}

} // namespace
