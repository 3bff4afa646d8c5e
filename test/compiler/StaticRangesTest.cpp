// StaticRangesTest.cpp - steps from histograms of magnitudes.
// SPDX-License-Identifier: Apache-2.0
#include "compiler/StaticRanges.h"

#include "compiler/Statistics.h"
#include "lapidary/ProgramAbi.h"
#include "test/frontends/TinyCheckpoint.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace lapidary;

namespace {

constexpr size_t binOfOne = 320; // eight for each of the 40 powers of two below

std::vector<uint64_t> emptyCounts() { return std::vector<uint64_t>(LAP_RANGE_BINS); }

void count(std::vector<uint64_t> &counts, double value) {
  const double place = std::floor(8 * std::log2(std::fabs(value))); // close to the bins, whose steps are linear
  counts[static_cast<size_t>(binOfOne + place)] += 1;
}

TEST(StaticRanges, ZerosHaveNoStep) {
  std::vector<uint64_t> counts = emptyCounts();
  EXPECT_EQ(chooseStep(counts), 0.0f);
  counts[0] = 1000;
  EXPECT_EQ(chooseStep(counts), 0.0f);
}

TEST(StaticRanges, OneMagnitudeIsTheWholeRange) {
  std::vector<uint64_t> counts = emptyCounts();
  counts[binOfOne] = 10; // 1 to 1.125
  const float step = chooseStep(counts);
  EXPECT_GE(step * 127, 1.0f);
  EXPECT_LE(step * 127, 1.125f);
}

TEST(StaticRanges, EvenlySpreadValuesAreNotClipped) {
  std::vector<uint64_t> counts = emptyCounts();
  for (int i = 1; i <= 10000; ++i) {
    count(counts, i / 2500.0);
  }
  EXPECT_NEAR(chooseStep(counts) * 127, 4.0, 0.5);
}

TEST(StaticRanges, ARareOutlierIsClipped) {
  std::vector<uint64_t> counts = emptyCounts();
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 1000000; ++i) {
    count(counts, normal(random));
  }
  const float without = chooseStep(counts);
  count(counts, 40.0);
  const float with = chooseStep(counts);
  EXPECT_GT(without * 127, 3.0f); // several deviations are kept
  EXPECT_GE(with, without);
  EXPECT_LT(with * 127, 20.0f);
}

TEST(StaticRanges, OutliersThatHoldTheEnergyAreKept) {
  std::vector<uint64_t> counts = emptyCounts();
  counts[binOfOne - 32] = 1000000; // 1/16
  counts[binOfOne + 64] = 1000;    // 256
  EXPECT_GE(chooseStep(counts) * 127, 250.0f);
}

TEST(StaticRanges, LargestAndSmallestBinsGiveFiniteSteps) {
  std::vector<uint64_t> counts = emptyCounts();
  counts[LAP_RANGE_BINS - 1] = 1;
  EXPECT_TRUE(std::isfinite(chooseStep(counts)));
  counts = emptyCounts();
  counts[1] = 1;
  EXPECT_GT(chooseStep(counts), 0.0f);
}

} // namespace
