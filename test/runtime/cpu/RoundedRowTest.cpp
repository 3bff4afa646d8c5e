// RoundedRowTest.cpp - query rows in integers of 16 bits.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/src/cpu/RoundedRow.h"

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

namespace {

std::vector<int16_t> rounded(const std::vector<float> &row, float scale, float *step = nullptr) {
  std::vector<int16_t> to(row.size(), 77);
  const float found = lap::roundRow(row.data(), static_cast<uint32_t>(row.size()), scale, to.data());
  if (step) {
    *step = found;
  }
  return to;
}

TEST(RoundedRow, TheLargestBecomesTheLargestIntegerOfItsSign) {
  float step = 0;
  EXPECT_EQ(rounded({0.5f, -2.0f, 1.0f}, 0.25f, &step),
            (std::vector<int16_t>{8192, -32767, 16384})); // 8191.75, 16383.5
  EXPECT_EQ(step, 0.5f * (1.0f / 32767.0f));
}

TEST(RoundedRow, TiesGoToEvenIntegers) {
  EXPECT_EQ(rounded({32767.0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f}, 1.0f),
            (std::vector<int16_t>{32767, 0, 2, 2, 0, -2, -2}));
}

TEST(RoundedRow, EveryElementIsTheNearestInteger) {
  std::vector<float> row;
  for (int i = 0; i < 1000; ++i) {
    row.push_back(std::sin(static_cast<float>(i) * 1.7f) * 3.0f);
  }
  const float scale = 0.013f, largest = lap::largestMagnitude(row.data(), 1000) * scale;
  const std::vector<int16_t> to = rounded(row, scale);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(to[i], std::nearbyint(row[i] * scale * (32767.0f / largest))) << i;
  }
}

TEST(RoundedRow, ZerosAndTinyRowsAreZero) {
  float step = 1;
  EXPECT_EQ(rounded({0.0f, -0.0f}, 1.0f, &step), (std::vector<int16_t>{0, 0}));
  EXPECT_EQ(step, 0.0f);
  EXPECT_EQ(rounded({0x1p-100f, -0x1p-120f}, 1.0f), (std::vector<int16_t>{0, 0}));
  EXPECT_EQ(rounded({0x1p-99f}, 1.0f), (std::vector<int16_t>{32767}));
}

} // namespace
