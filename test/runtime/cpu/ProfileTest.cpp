//===- ProfileTest.cpp - what lanes note of their ops ---------------------===//
// SPDX-License-Identifier: Apache-2.0
#include "runtime/src/Profile.h"

#include <gtest/gtest.h>

#include <vector>

using namespace lap;

namespace {

/// An op that both lanes pass through, with a barrier in it and one behind it.
void passThrough(void *context, uint32_t lane, uint32_t lanes) {
  const lap_step *step = static_cast<const lap_step *>(context);
  {
    const OpTimer timer(step, lane, "op");
    lap_op_barrier(step, lane, lanes);
    timer.read(100);
  }
  lap_op_barrier(step, lane, lanes);
}

} // namespace

TEST(Profile, WorkAndWaitingAreToldApart) {
  LaneProfile lane{};
  lane.waited(true, 900); // before the first op: nobody's
  lane.begin({"first", nullptr}, 1000);
  lane.interrupt(1001); // 1 of work
  lane.waited(true, 1011);
  lane.end(1111); // 100 of work
  lane.interrupt(1111);
  lane.waited(false, 2111); // behind the op: its own too
  lane.begin({"second", nullptr}, 5000);
  lane.end(5007);
  ASSERT_EQ(lane.count, 2u);
  const OpTimes &first = lane.kinds[0], &second = lane.kinds[1];
  EXPECT_EQ(first.workNs, 101u);
  EXPECT_EQ(first.waitNs, 10u + 1000u);
  EXPECT_EQ(first.sleeps, 1u);
  EXPECT_EQ(second.workNs, 7u);
  EXPECT_EQ(second.waitNs, 0u);
}

TEST(Profile, ATeamNotesTheOpsOfEachLane) {
  Lockstep team;
  ASSERT_EQ(team.start(2, nullptr), LAP_OK);
  std::vector<LaneProfile> lanes(2);
  team.setProfile(lanes.data());
  lap_step step{};
  step.barrier = team.barrier();
  const uint64_t begin = nowNs();
  team.run(passThrough, &step);
  const uint64_t most = nowNs() - begin;
  team.setProfile(nullptr);
  team.run(passThrough, &step); // not seen
  for (const LaneProfile &profile : lanes) {
    ASSERT_EQ(profile.count, 1u);
    const OpTimes &times = profile.kinds[0];
    EXPECT_STREQ(times.kind.name, "op");
    EXPECT_EQ(times.calls, 1u);
    EXPECT_EQ(times.bytes, 100u);
    EXPECT_GT(times.workNs + times.waitNs, 0u);
    EXPECT_LE(times.workNs + times.waitNs, most);
  }
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
    lanes[0].begin({"product", &weights[i]}, 2 * i);
    lanes[0].end(2 * i + 1);
  }
  ASSERT_EQ(lanes[0].count, LaneProfile::MostKinds + 0u);
  EXPECT_EQ(lanes[0].kinds[LaneProfile::MostKinds - 1].calls, 21u);
  EXPECT_EQ(lanes[0].kinds[LaneProfile::MostKinds - 1].workNs, 21u);
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
