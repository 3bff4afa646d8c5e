//===- RoundingDescentTest.cpp - rounded groups get better ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The loss is e H e^T with e = values - integers * scales; rows are lanes of a vector.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/RoundingDescent.h"

#include "targets/common/packing/BFloat16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

using namespace lapidary;

namespace {

constexpr uint64_t columns = 64;

struct Rounded {
  Vector values[columns], integers[columns], scales[columns / 32];
  std::vector<float> moments = std::vector<float>(columns * columns);
  ScaleSteps steps;

  void descend() { lapidary::descend(values, columns, moments.data(), steps, integers, scales); }

  double loss(int row) const {
    double total = 0;
    auto error = [&](uint64_t i) { return double(values[i][row]) - double(integers[i][row]) * scales[i / 32][row]; };
    for (uint64_t i = 0; i < columns; ++i) {
      for (uint64_t j = 0; j < columns; ++j) {
        total += error(i) * moments[i * columns + j] * error(j);
      }
    }
    return total;
  }
};

/// The identity and `sources` random directions that columns share.
std::vector<float> randomMoments(int sources, std::mt19937 &random) {
  std::normal_distribution<float> normal;
  std::vector<float> moments(columns * columns), direction(columns);
  for (uint64_t i = 0; i < columns; ++i) {
    moments[i * columns + i] = 1;
  }
  for (int source = 0; source < sources; ++source) {
    for (float &x : direction) {
      x = normal(random);
    }
    for (uint64_t i = 0; i < columns * columns; ++i) {
      moments[i] += direction[i / columns] * direction[i % columns];
    }
  }
  return moments;
}

/// Eight rows of random values, rounded to the nearest multiples of a scale that is `scaleError` times too large.
Rounded nearest(std::vector<float> moments, float scaleError, std::mt19937 &random) {
  std::normal_distribution<float> normal(0.0f, 0.02f);
  Rounded result;
  result.moments = std::move(moments);
  for (uint64_t i = 0; i < columns; ++i) {
    for (int row = 0; row < vectorLanes; ++row) {
      float scale = fromBFloat16(toBFloat16(0.008f * scaleError));
      result.values[i][row] = normal(random);
      result.integers[i][row] = std::fmin(std::fmax(std::nearbyint(result.values[i][row] / scale), -8.0f), 7.0f);
      result.scales[i / 32][row] = scale;
    }
  }
  return result;
}

TEST(RoundingDescent, EveryRowGetsBetter) {
  std::mt19937 random(1);
  Rounded rounded = nearest(randomMoments(8, random), 1.0f, random), before = rounded;
  rounded.descend();
  for (int row = 0; row < vectorLanes; ++row) {
    EXPECT_LT(rounded.loss(row), 0.7 * before.loss(row)) << "row " << row;
  }
}

TEST(RoundingDescent, FindsTheScaleThatLosesNothing) {
  std::mt19937 random(2);
  Rounded rounded = nearest(randomMoments(0, random), 1.0f, random);
  for (uint64_t i = 0; i < columns; ++i) {
    rounded.values[i] = rounded.integers[i] * rounded.scales[i / 32];
  }
  const Vector exact = rounded.scales[0];
  rounded.scales[0] = rounded.scales[1] = roundToBFloat16(exact * 1.03f);
  rounded.descend();
  for (int row = 0; row < vectorLanes; ++row) {
    EXPECT_EQ(rounded.loss(row), 0.0);
    EXPECT_EQ(rounded.scales[0][row], exact[row]);
  }
}

TEST(RoundingDescent, IntegersStayInRangeAndScalesAreBFloat16) {
  std::mt19937 random(3);
  Rounded rounded = nearest(randomMoments(8, random), 0.3f, random);
  rounded.descend();
  for (uint64_t i = 0; i < columns; ++i) {
    for (int row = 0; row < vectorLanes; ++row) {
      const float integer = rounded.integers[i][row], scale = rounded.scales[i / 32][row];
      EXPECT_EQ(integer, std::nearbyint(integer));
      EXPECT_GE(integer, -8.0f);
      EXPECT_LE(integer, 7.0f);
      EXPECT_EQ(scale, fromBFloat16(toBFloat16(scale)));
    }
  }
}

TEST(RoundingDescent, ARowDoesNotDependOnItsNeighbours) {
  std::mt19937 random(4);
  Rounded together = nearest(randomMoments(8, random), 1.0f, random), alone = together;
  for (Vector &values : alone.values) {
    const float kept = values[5];
    values = Vector{};
    values[5] = kept;
  }
  together.descend();
  alone.descend();
  for (uint64_t i = 0; i < columns; ++i) {
    EXPECT_EQ(together.integers[i][5], alone.integers[i][5]);
    EXPECT_EQ(together.scales[i / 32][5], alone.scales[i / 32][5]);
  }
}

TEST(RoundingDescent, AGroupOfZerosStaysOne) {
  std::mt19937 random(5);
  Rounded rounded = nearest(randomMoments(0, random), 1.0f, random);
  for (uint64_t i = 0; i < 32; ++i) {
    rounded.values[i] = rounded.integers[i] = Vector{};
  }
  rounded.scales[0] = Vector{};
  rounded.descend();
  for (uint64_t i = 0; i < 32; ++i) {
    EXPECT_EQ(rounded.integers[i][0], 0.0f);
  }
  EXPECT_EQ(rounded.scales[0][0], 0.0f);
}

} // namespace
