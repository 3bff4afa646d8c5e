//===- RowScaleTest.cpp - scales and integers of one row -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Against plain double arithmetic: the integers are the nearest ones of their range, and the scale is no worse than the
// plain choice, which covers the largest value.
#include "targets/common/packing/RowScale.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace lapidary;

namespace {

double errorWith(const std::vector<float> &values, double scale, double half) {
  double sum = 0;
  for (float value : values) {
    double integer = std::clamp(std::nearbyint(value / scale), -half, half - 1);
    sum += (integer * scale - value) * (integer * scale - value);
  }
  return sum;
}

TEST(RowScale, IntegersAreNearestAndTheScaleIsNoWorseThanThePlainOne) {
  std::mt19937 random(4);
  for (unsigned bits : {2u, 4u, 8u}) {
    const double half = 1 << (bits - 1);
    for (int round = 0; round < 30; ++round) {
      std::normal_distribution<float> normal(0.0f, std::ldexp(1.0f, round % 20 - 10));
      std::vector<float> values(static_cast<size_t>(8 << (round % 8)));
      std::generate(values.begin(), values.end(), [&] { return normal(random); });
      std::vector<int8_t> integers(values.size());
      const float scale = quantizeRow(values.data(), values.size(), bits, integers.data());
      float largest = 0;
      for (size_t i = 0; i < values.size(); ++i) {
        largest = std::max(largest, std::fabs(values[i]));
        // A tie may go either way: the value times the rounded inverse is not exactly the quotient.
        const double wanted = std::clamp(static_cast<double>(values[i]) / scale, -half, half - 1);
        ASSERT_LE(std::fabs(integers[i] - wanted), 0.5 + 1e-4) << bits << " bits, column " << i;
      }
      EXPECT_LE(errorWith(values, scale, half), errorWith(values, largest / (half - 1), half) * (1 + 1e-5));
    }
  }
}

TEST(RowScale, AWholeGridIsKept) {
  std::mt19937 random(6);
  for (unsigned bits : {2u, 4u, 8u}) {
    const int half = 1 << (bits - 1);
    std::vector<float> values(64);
    for (float &value : values) {
      value = 0.3f * static_cast<float>(static_cast<int>(random() % (2 * half)) - half);
    }
    values[9] = -0.3f * static_cast<float>(half);
    std::vector<int8_t> integers(values.size());
    const float scale = quantizeRow(values.data(), values.size(), bits, integers.data());
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_NEAR(scale * integers[i], values[i], 1e-6) << bits << " bits";
    }
  }
}

TEST(RowScale, ZerosTinyAndBrokenValuesAreDefined) {
  for (float value : {0.0f, std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::quiet_NaN(),
                      std::numeric_limits<float>::infinity()}) {
    std::vector<float> values(32);
    values[3] = value;
    std::vector<int8_t> integers(values.size());
    quantizeRow(values.data(), values.size(), 2, integers.data());
    EXPECT_GE(integers[3], -2);
    EXPECT_LE(integers[3], 1);
  }
}

} // namespace
