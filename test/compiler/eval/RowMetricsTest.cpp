//===- RowMetricsTest.cpp - divergences that can be worked out by hand ---------===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "compiler/eval/RowMetrics.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace lapidary;

TEST(RowMetrics, EqualRowsHaveNoDivergence) {
  std::optional<RowScore> score = compareRows({1.0f, -2.0f, 30.0f}, {1.0f, -2.0f, 30.0f}, 0);
  ASSERT_TRUE(score);
  EXPECT_EQ(score->divergence, 0);
  EXPECT_TRUE(score->agrees);
  EXPECT_EQ(score->surprise, score->referenceSurprise);
}

TEST(RowMetrics, ShiftedRowsAreTheSameDistribution) {
  std::optional<RowScore> score = compareRows({1.0f, 2.0f, 3.0f}, {5.0f, 6.0f, 7.0f}, 1);
  ASSERT_TRUE(score);
  EXPECT_NEAR(score->divergence, 0, 1e-15);
  EXPECT_NEAR(score->surprise, score->referenceSurprise, 1e-14);
}

TEST(RowMetrics, DivergenceAndSurpriseFollowTheirDefinition) {
  // p = (1/4, 3/4), q = (1/2, 1/2)
  std::optional<RowScore> score = compareRows({0.0f, std::log(3.0f)}, {0.0f, 0.0f}, 0);
  ASSERT_TRUE(score);
  EXPECT_NEAR(score->divergence, 0.25 * std::log(0.5) + 0.75 * std::log(1.5), 1e-7);
  EXPECT_NEAR(score->referenceSurprise, std::log(4.0), 1e-7);
  EXPECT_NEAR(score->surprise, std::log(2.0), 1e-7);
  EXPECT_FALSE(score->agrees); // of equal logits the first counts
}

TEST(RowMetrics, LargeLogitsDoNotOverflow) {
  std::optional<RowScore> score = compareRows({1e30f, 0.0f}, {0.0f, 0.0f}, std::nullopt);
  ASSERT_TRUE(score);
  EXPECT_NEAR(score->divergence, std::log(2.0), 1e-6);
}

TEST(RowMetrics, RefusesWhatIsNotANumber) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(compareRows({0.0f, nan}, {0.0f, 0.0f}, 0));
  EXPECT_FALSE(compareRows({0.0f, 0.0f}, {0.0f, -infinity}, 0));
}

TEST(RowMetrics, SummaryOrdersDivergencesAndSkipsRowsWithoutANextToken) {
  EvalScores scores;
  for (int i = 200; i >= 1; --i) { // 1..200 in falling order; surprises of the row without a next token are 0
    scores.add({double(i), i % 4 == 0, i == 200 ? 0 : std::log(8.0), i == 200 ? 0 : std::log(4.0)}, i != 200);
  }
  EvalSummary summary = scores.summary();
  EXPECT_EQ(summary.rows, 200u);
  EXPECT_EQ(summary.scored, 199u);
  EXPECT_NEAR(summary.mean, 100.5, 1e-9);
  EXPECT_EQ(summary.median, 100.5);
  EXPECT_EQ(summary.p99, 198);
  EXPECT_EQ(summary.max, 200);
  EXPECT_EQ(summary.agreement, 0.25);
  EXPECT_NEAR(summary.perplexity, 8, 1e-9);
  EXPECT_NEAR(summary.ratio(), 2, 1e-9);
}

TEST(RowMetrics, SummaryOfOneRow) {
  EvalScores scores;
  scores.add({0.5, true, 0, 0}, false);
  EvalSummary summary = scores.summary();
  EXPECT_EQ(summary.median, 0.5);
  EXPECT_EQ(summary.p99, 0.5);
  EXPECT_EQ(summary.perplexity, 1);
}
