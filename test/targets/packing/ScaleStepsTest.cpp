//===- ScaleStepsTest.cpp - scales that are multiples of a power of two ----------===//
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/packing/ScaleSteps.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

using namespace lapidary;

namespace {

TEST(ScaleSteps, AreTheSmallestPowersOfTwoThatSuffice) {
  for (float largest : {7.0f * 127.0f, 7.0f * 127.0f * 0.75f, 7.0f * 127.0f * 0.501f}) {
    const float values[3] = {0.5f, -largest, 1.0f};
    EXPECT_EQ(scaleStep(values, 3), 1.0f);
  }
  const float half[1] = {7.0f * 127.0f * 0.499f}, more[1] = {7.0f * 127.0f * 1.001f}, zero[2] = {};
  EXPECT_EQ(scaleStep(half, 1), 0.5f);
  EXPECT_EQ(scaleStep(more, 1), 2.0f);
  EXPECT_GT(scaleStep(zero, 2), 0.0f);
  const float tiny[1] = {std::numeric_limits<float>::min()};
  EXPECT_EQ(scaleStep(tiny, 1), std::ldexp(1.0f, -126));
}

TEST(ScaleSteps, ScalesAreTheNearestMultiples) {
  EXPECT_EQ(roundScale(0.7f, 0.25f), 0.75f);
  EXPECT_EQ(roundScale(-0.625f, 0.25f), -0.5f) << "ties go to even";
  EXPECT_EQ(roundScale(1000.0f, 0.25f), 127 * 0.25f);
  EXPECT_EQ(roundScale(-1000.0f, 0.25f), -127 * 0.25f);
  EXPECT_EQ(roundScale(1.0f + 1.0f / 512, 0), 1.0f) << "no step: bf16";
  ScaleSteps steps;
  steps.step = Vector{0.25f, 0, 0.25f, 0, 0.25f, 0, 0.25f, 0};
  const float scales[] = {0.7f, 0.7f, -0.625f, -0.625f, 1000.0f, 1000.0f, -1000.0f, 0.0f};
  Vector vector;
  std::memcpy(&vector, scales, sizeof(vector));
  const Vector rounded = steps.round(vector);
  for (int i = 0; i < vectorLanes; ++i) {
    EXPECT_EQ(rounded[i], roundScale(scales[i], steps.step[i])) << "lane " << i;
  }
}

} // namespace
