// AttentionTest.cpp - cache writes and attention over float caches.
// SPDX-License-Identifier: Apache-2.0
//
// Compared with softmax in double precision; neither chunks nor lanes may change a bit.
#include "targets/common/conformance/AttentionScenes.h"

#include <gtest/gtest.h>

using namespace lapidary;
using namespace lapidary::conformance;

namespace {

void checkScene(const Scene &s, const Runs &runs) {
  if (!skipReason().empty()) {
    GTEST_SKIP() << skipReason();
  }
  const Sequence sequence = randomSequence(s);
  const std::vector<float> outputs = sameInAll(runs, s, sequence);
  EXPECT_LT(worstDifference(s, sequence, outputs), tolerance(2e-5)) << "largest difference from the double reference";
}

TEST(AttentionConformance, GlobalLayerOfOneKvHead) { checkScene({8, 1, 64, 0, 100, 32, LAP_BF16, 0}, allRuns()); }
TEST(AttentionConformance, GlobalLayerInF32) { checkScene({4, 2, 32, 0, 90, 32, LAP_F32, 0}, allRuns()); }
TEST(AttentionConformance, SmallHeads) { checkScene({4, 1, 16, 0, 70, 32, LAP_BF16, 0}, allRuns()); }
TEST(AttentionConformance, OneQueryHeadPerKvHead) { checkScene({4, 4, 48, 0, 60, 32, LAP_F32, 0}, allRuns()); }
TEST(AttentionConformance, ThreeQueryHeadsPerKvHead) { checkScene({6, 2, 32, 0, 60, 32, LAP_BF16, 0}, allRuns()); }
TEST(AttentionConformance, SixteenQueryHeadsPerKvHead) { checkScene({16, 1, 32, 0, 60, 32, LAP_BF16, 0}, allRuns()); }
TEST(AttentionConformance, SmallWindowWrapsItsRingOften) { checkScene({4, 1, 16, 8, 150, 32, LAP_F32, 0}, allRuns()); }
TEST(AttentionConformance, WindowOfOddSize) { checkScene({4, 2, 32, 37, 200, 32, LAP_BF16, 0}, allRuns()); }
TEST(AttentionConformance, WindowOf512CrossesSlices) {
  checkScene(onThisMachine({8, 1, 64, 512, 1600, 32, LAP_BF16, 1480}), {{32, 1}, {1, 2}, {5, 3}, {32, 2}});
}
TEST(AttentionConformance, GlobalLayerOverSeveralSlices) {
  checkScene(onThisMachine({8, 2, 64, 0, 1580, 256, LAP_BF16, 1520}), {{32, 1}, {1, 2}, {1, 3}, {9, 3}});
}
TEST(AttentionConformance, DecodeBeyondOneRoundOfSlices) {
  checkScene(onThisMachine({2, 1, 32, 0, 9000, 256, LAP_BF16, 8990}), {{256, 1}, {1, 1}, {1, 2}, {1, 3}});
}
TEST(AttentionConformance, LargeHead) {
  checkScene(onThisMachine({8, 1, 512, 0, 530, 32, LAP_BF16, 505}), {{32, 1}, {1, 2}, {3, 3}});
}

} // namespace
