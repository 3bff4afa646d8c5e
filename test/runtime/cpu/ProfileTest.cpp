//===- ProfileTest.cpp - what lanes note of their ops ---------------------===//
// SPDX-License-Identifier: Apache-2.0
#include "runtime/src/Profile.h"

#include <gtest/gtest.h>

#include <time.h>

#include <vector>

using namespace lap;

namespace {

void sleepMs(long ms) {
  const struct timespec time = {0, ms * 1000000};
  nanosleep(&time, nullptr);
}

/// The first lane works, the others wait for it: at a barrier in the op, and at one behind it.
void unequalLane(void *context, uint32_t lane, uint32_t lanes) {
  const lap_step *step = static_cast<const lap_step *>(context);
  {
    const OpTimer timer(step, lane, "unequal");
    sleepMs(lane == 0 ? 20 : 0);
    lap_op_barrier(step, lane, lanes);
    timer.read(100);
  }
  sleepMs(lane == 0 ? 20 : 0); // between ops: nobody's work
  lap_op_barrier(step, lane, lanes);
}

uint64_t total(const OpTimes &times) { return times.workNs + times.waitNs; }

} // namespace

TEST(Profile, WorkAndWaitingAreToldApart) {
  Lockstep team;
  ASSERT_EQ(team.start(2, nullptr), LAP_OK);
  std::vector<LaneProfile> lanes(2);
  team.setProfile(lanes.data());
  lap_step step{};
  step.barrier = team.barrier();
  team.run(unequalLane, &step);
  team.setProfile(nullptr);
  team.run(unequalLane, &step); // not seen
  for (const LaneProfile &lane : lanes) {
    ASSERT_EQ(lane.count, 1u);
    EXPECT_STREQ(lane.kinds[0].kind.name, "unequal");
    EXPECT_EQ(lane.kinds[0].calls, 1u);
    EXPECT_EQ(lane.kinds[0].bytes, 100u);
  }
  EXPECT_GT(lanes[0].kinds[0].workNs, 19000000u);
  EXPECT_GT(lanes[1].kinds[0].waitNs, 19000000u);
  EXPECT_GT(lanes[1].kinds[0].waitNs, lanes[1].kinds[0].workNs);
  EXPECT_GT(lanes[1].kinds[0].sleeps, 0u);
  EXPECT_GT(total(lanes[1].kinds[0]), 39000000u); // waits behind the op are the op's too
}

TEST(Profile, MatricesOfOneShapeAreOneKind) {
  const lap_weight first = {0, 0, 0, 64, 32, LAP_W4G32, 0}, second = {4096, 0, 0, 64, 32, LAP_W4G32, 0};
  const lap_weight wider = {0, 0, 0, 64, 96, LAP_W4G32, 0};
  lap_barrier barrier;
  std::vector<LaneProfile> lanes(1);
  barrier.lanes[0].profile = lanes.data();
  lap_step step{};
  step.barrier = &barrier;
  for (const lap_weight *weight : {&first, &second, &wider, static_cast<const lap_weight *>(nullptr), &first}) {
    OpTimer timer(&step, 0, "product", weight);
  }
  ASSERT_EQ(lanes[0].count, 3u);
  EXPECT_EQ(lanes[0].kinds[0].calls, 3u);
  EXPECT_EQ(lanes[0].kinds[1].kind.weight, &wider);
}

TEST(Profile, KindsBeyondTheListAreTheLastOnes) {
  std::vector<LaneProfile> lanes(1);
  std::vector<lap_weight> weights(LaneProfile::MostKinds + 20);
  for (uint32_t i = 0; i < weights.size(); ++i) {
    weights[i].rows = i;
    lanes[0].begin({"product", &weights[i]});
    lanes[0].end();
  }
  ASSERT_EQ(lanes[0].count, LaneProfile::MostKinds + 0u);
  EXPECT_EQ(lanes[0].kinds[LaneProfile::MostKinds - 1].calls, 21u);
}

TEST(Profile, AStepWithoutProfileOrBarrierIsNotTimed) {
  lap_step step{};
  {
    OpTimer timer(&step, 0, "op");
  }
  lap_barrier barrier;
  step.barrier = &barrier;
  OpTimer timer(&step, 0, "op");
  timer.read(5);
}
