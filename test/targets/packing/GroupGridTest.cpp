//===- GroupGridTest.cpp - groups that are on a 4-bit grid ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Grids are made as quantization-aware training leaves them: integers times a bf16 scale, rounded to bf16. What is
// found must give every value back; ordinary weights must not be taken for a grid.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/GroupGrid.h"

#include "targets/common/packing/BFloat16.h"
#include "targets/common/packing/GroupScale.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>

using namespace lapidary;

namespace {

using Group = std::array<float, 32>;
using Integers = std::array<int8_t, 32>;

float bf16(float value) { return fromBFloat16(toBFloat16(value)); }

float randomScale(std::mt19937 &random) {
  const float mantissa = 1.0f + static_cast<float>(random() % 128) / 128.0f;
  return bf16(std::ldexp(mantissa, static_cast<int>(random() % 12) - 14)) * (random() % 2 ? 1.0f : -1.0f);
}

void expectGridOf(const Group &values, bool rounded) {
  Integers integers, packed;
  float scale;
  ASSERT_TRUE(findGrid4(values.data(), scale, integers.data()));
  EXPECT_EQ(scale, bf16(scale));
  EXPECT_EQ(quantizeGroup4(values.data(), packed.data()), scale) << "the packer keeps the grid";
  EXPECT_EQ(packed, integers);
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_GE(integers[i], -8);
    EXPECT_LE(integers[i], 7);
    const float product = static_cast<float>(integers[i]) * scale;
    EXPECT_EQ(rounded ? bf16(product) : product, values[i]) << "column " << i;
  }
}

TEST(GroupGrid, FindsEveryRoundedGrid) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    const float scale = randomScale(random);
    const int low = -static_cast<int>(random() % 9), high = static_cast<int>(random() % 8);
    Group values;
    for (float &value : values) {
      value = bf16(scale * static_cast<float>(low + static_cast<int>(random() % (high - low + 1))));
    }
    expectGridOf(values, true);
  }
}

TEST(GroupGrid, FindsTheScaleItselfWhenTheWholeRangeIsUsed) {
  std::mt19937 random(2);
  for (int round = 0; round < 500; ++round) {
    const float scale = randomScale(random);
    Group values;
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = scale * static_cast<float>(static_cast<int>(i % 16) - 8); // exact in float
    }
    expectGridOf(values, false);
    Integers integers;
    float found;
    findGrid4(values.data(), found, integers.data());
    EXPECT_EQ(found, scale);
  }
}

TEST(GroupGrid, OrdinaryWeightsAreOnNone) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0.0f, 0.02f);
  for (int round = 0; round < 2000; ++round) {
    Group values;
    for (float &value : values) {
      value = bf16(normal(random));
    }
    Integers integers;
    float scale;
    EXPECT_FALSE(findGrid4(values.data(), scale, integers.data()));
  }
}

TEST(GroupGrid, OneValueOffTheGridIsSeen) {
  std::mt19937 random(4);
  Group values;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = 0.125f * static_cast<float>(static_cast<int>(i % 16) - 8);
  }
  values[7] = 0.0625f * 0.71f;
  Integers integers;
  float scale;
  EXPECT_FALSE(findGrid4(values.data(), scale, integers.data()));
}

TEST(GroupGrid, ZerosTinyAndBrokenValuesAreDefined) {
  Integers integers;
  float scale;
  Group values = {};
  EXPECT_TRUE(findGrid4(values.data(), scale, integers.data()));
  EXPECT_EQ(scale, 0.0f);
  EXPECT_EQ(integers, Integers());
  for (float value : {std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::quiet_NaN(),
                      std::numeric_limits<float>::infinity()}) {
    for (size_t at : {size_t(0), size_t(3)}) {
      values = {};
      values[at] = value;
      EXPECT_FALSE(findGrid4(values.data(), scale, integers.data())) << value;
    }
  }
}

} // namespace
