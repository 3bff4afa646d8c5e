//===- GraphsTest.cpp - which calls are captured, and what is kept --------===//
// SPDX-License-Identifier: Apache-2.0
#include "runtime/src/cuda/Graphs.h"
#include "runtime/src/cuda/Scratch.h"

#include <gtest/gtest.h>

using namespace lap::cuda;

namespace {

int destroyed = 0;
Result countDestroyed(GraphExec) { return ++destroyed, Success; }

GraphExec graphNumber(uintptr_t number) { return reinterpret_cast<GraphExec>(number); }

} // namespace

TEST(Graphs, ReachIsAPowerOfTwoUpToTheContext) {
  EXPECT_EQ(capturedReach(1, 8192), 512u);
  EXPECT_EQ(capturedReach(512, 8192), 512u);
  EXPECT_EQ(capturedReach(513, 8192), 1024u);
  EXPECT_EQ(capturedReach(8000, 8192), 8192u);
  EXPECT_EQ(capturedReach(4100, 5000), 5000u);
  EXPECT_EQ(capturedReach(3, 64), 64u);
  EXPECT_EQ(capturedReach(UINT32_MAX, UINT32_MAX), UINT32_MAX);
}

TEST(Graphs, CapturesOneTokenAndRowsOfSeveralSequences) {
  EXPECT_TRUE(isCaptured(lap_program_step, 1, false));
  EXPECT_FALSE(isCaptured(lap_program_step, 2, false));
  EXPECT_FALSE(isCaptured(lap_program_extend, 1, false));
  EXPECT_FALSE(isCaptured(lap_program_score, 1, false));
  EXPECT_TRUE(isCaptured(lap_program_score, 5, true));
  EXPECT_FALSE(isCaptured(lap_program_score, 500, true));
}

TEST(Graphs, GivesUpTheOneUsedLeastRecently) {
  Driver driver = {};
  driver.graphExecDestroy = countDestroyed;
  destroyed = 0;
  Graphs graphs;
  const auto key = [](uint32_t reach) { return GraphKey{lap_program_step, nullptr, 1, reach, false}; };
  for (uint32_t i = 1; i <= 32; ++i) {
    graphs.add(driver, key(i), graphNumber(i));
  }
  EXPECT_EQ(graphs.find(key(1)), graphNumber(1)); // used: the second is older now
  graphs.add(driver, key(33), graphNumber(33));
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(graphs.find(key(1)), graphNumber(1));
  EXPECT_EQ(graphs.find(key(2)), nullptr);
  EXPECT_EQ(graphs.find(key(33)), graphNumber(33));
  EXPECT_EQ(graphs.find(GraphKey{lap_program_score, nullptr, 1, 33, false}), nullptr);
  graphs.close(driver);
  EXPECT_EQ(destroyed, 33);
  EXPECT_FALSE(graphs.enabled());
}

TEST(Graphs, KnowsWhatHasRunWithoutOne) {
  Driver driver = {};
  driver.graphExecDestroy = countDestroyed;
  destroyed = 0;
  Graphs graphs;
  const GraphKey key = {lap_program_step, nullptr, 1, 512, false}, other = {lap_program_step, nullptr, 1, 1024, false};
  EXPECT_FALSE(graphs.hasRun(driver, key));
  EXPECT_EQ(graphs.find(key), nullptr);
  EXPECT_TRUE(graphs.hasRun(driver, key));
  EXPECT_FALSE(graphs.hasRun(driver, other));
  graphs.add(driver, key, graphNumber(7)); // in the place of what was known
  EXPECT_EQ(graphs.find(key), graphNumber(7));
  EXPECT_EQ(graphs.find(other), nullptr);
  graphs.close(driver);
  EXPECT_EQ(destroyed, 1);
}

TEST(Scratch, SlicesCoverWhatAWindowShows) {
  EXPECT_EQ(attentionSlices(1, 0, 256), 1u);
  EXPECT_EQ(attentionSlices(8192, 0, 256), 32u);
  EXPECT_EQ(attentionSlices(8193, 0, 256), 33u);
  EXPECT_EQ(attentionSlices(8192, 512, 256), 3u); // 512 positions that start in the middle of a slice touch three
  EXPECT_EQ(attentionSlices(8192, 1, 256), 1u);
  EXPECT_EQ(attentionSlices(300, 512, 256), 2u);
  for (uint32_t window : {1u, 2u, 255u, 256u, 257u, 1024u}) {
    uint64_t most = 0;
    for (uint32_t position = window - 1; position < window + 600; ++position) {
      const uint32_t low = position - window + 1;
      most = std::max<uint64_t>(most, position / 256 - low / 256 + 1);
    }
    EXPECT_EQ(attentionSlices(1 << 20, window, 256), most) << window;
  }
}
