//===- GroupScaleTest.cpp - scales and integers of one group --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Against plain double arithmetic: the integers are the nearest ones for the scale, and the scale of 4 bits is never
// worse than the plain choice max|w| / 7.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/GroupScale.h"

#include "targets/common/packing/BFloat16.h"
#include "targets/common/packing/ScaleSteps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>

using namespace lapidary;

namespace {

using Group = std::array<float, 32>;

Group randomGroup(std::mt19937 &random, float spread) {
  std::normal_distribution<float> normal(0.0f, spread);
  Group values;
  std::generate(values.begin(), values.end(), [&] { return normal(random); });
  return values;
}

double errorWith(const Group &values, double scale, double low, double high) {
  double sum = 0;
  for (float value : values) {
    double integer = scale == 0 ? 0 : std::clamp(std::nearbyint(value / scale), low, high);
    sum += (integer * scale - value) * (integer * scale - value);
  }
  return sum;
}

void expectNearest(const Group &values, const std::array<int8_t, 32> &integers, float scale, int low, int high) {
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_GE(integers[i], low);
    EXPECT_LE(integers[i], high);
    // A tie may go either way: the value times the rounded inverse is not exactly the quotient.
    double wanted = std::clamp(static_cast<double>(values[i]) / scale, double(low), double(high));
    EXPECT_LE(std::fabs(integers[i] - wanted), 0.5 + 1e-4) << "column " << i;
  }
}

TEST(GroupScale, EightBitsAreTheNearestForAScaleOfMaxBy127) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Group values = randomGroup(random, std::ldexp(1.0f, round % 40 - 20));
    std::array<int8_t, 32> integers;
    float scale = quantizeGroup8(values.data(), integers.data());
    float largest = 0;
    for (float value : values) {
      largest = std::max(largest, std::fabs(value));
    }
    EXPECT_EQ(scale, fromBFloat16(toBFloat16(largest / 127.0f)));
    expectNearest(values, integers, scale, -127, 127);
  }
}

TEST(GroupScale, FourBitsAreNearestAndNoWorseThanThePlainScales) {
  std::mt19937 random(2);
  for (int round = 0; round < 200; ++round) {
    Group values = randomGroup(random, std::ldexp(1.0f, round % 40 - 20));
    std::array<int8_t, 32> integers;
    float scale = quantizeGroup4(values.data(), integers.data());
    EXPECT_EQ(scale, fromBFloat16(toBFloat16(scale))) << "a scale is a bf16 value";
    expectNearest(values, integers, scale, -8, 7);
    float largest =
        *std::max_element(values.begin(), values.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); });
    double found = errorWith(values, scale, -8, 7);
    for (float plain : {std::fabs(largest) / 7.0f, largest / -8.0f}) {
      EXPECT_LE(found, errorWith(values, fromBFloat16(toBFloat16(plain)), -8, 7) * (1 + 1e-5));
    }
  }
}

TEST(GroupScale, AGridOfFourBitsIsFoundExactly) {
  std::mt19937 random(3);
  for (int round = 0; round < 100; ++round) {
    float grid = fromBFloat16(toBFloat16(std::ldexp(1.0f + (random() % 128) / 128.0f, -7)));
    Group values;
    for (float &value : values) {
      value = grid * (static_cast<int>(random() % 16) - 8);
    }
    values[5] = grid * -8;
    std::array<int8_t, 32> integers;
    float scale = quantizeGroup4(values.data(), integers.data());
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(scale * integers[i], values[i]);
    }
  }
}

TEST(GroupScale, ZerosTinyAndBrokenValuesAreDefined) {
  const float tiny = std::numeric_limits<float>::denorm_min();
  for (float value :
       {0.0f, tiny, -tiny, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Group values = {};
    values[3] = value;
    std::array<int8_t, 32> integers;
    quantizeGroup8(values.data(), integers.data());
    quantizeGroup4(values.data(), integers.data());
    EXPECT_GE(integers[3], -8);
    EXPECT_LE(integers[3], 7);
  }
  Group zeros = {};
  std::array<int8_t, 32> integers;
  EXPECT_EQ(quantizeGroup4(zeros.data(), integers.data()), 0.0f);
  EXPECT_EQ(integers[0], 0);
}

TEST(GroupScale, FourBitsAreNearestForAMultipleOfAStep) {
  std::mt19937 random(4);
  for (int round = 0; round < 100; ++round) {
    Group values = randomGroup(random, 1.0f);
    const float step = scaleStep(values.data(), values.size());
    std::array<int8_t, 32> integers;
    const float scale = quantizeGroup4(values.data(), integers.data(), step);
    EXPECT_EQ(scale / step, std::nearbyint(scale / step));
    EXPECT_LE(std::fabs(scale / step), 127.0f);
    expectNearest(values, integers, scale, -8, 7);
  }
}

TEST(BFloat16, RoundsToNearestEven) {
  EXPECT_EQ(fromBFloat16(toBFloat16(1.0f)), 1.0f);
  EXPECT_EQ(fromBFloat16(toBFloat16(1.0f + 1.0f / 256)), 1.0f);              // halfway, down to even
  EXPECT_EQ(fromBFloat16(toBFloat16(1.0f + 3.0f / 256)), 1.0f + 4.0f / 256); // halfway, up to even
  EXPECT_EQ(fromBFloat16(toBFloat16(-1.0f - 1.1f / 256)), -1.0f - 2.0f / 256);
}

} // namespace
