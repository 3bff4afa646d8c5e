//===- ClaimsTest.cpp - every item of every op is run once ----------------===//
// SPDX-License-Identifier: Apache-2.0
#include "runtime/src/cpu/Claims.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

using namespace lap;

namespace {

struct Scene {
  uint32_t ops, rounds, items;              // ops between two barriers
  std::vector<std::atomic<uint32_t>> taken; // [rounds][ops][items]
  std::atomic<bool> ascending{true};
  lap_step step{};

  Scene(uint32_t ops, uint32_t rounds, uint32_t items)
      : ops(ops), rounds(rounds), items(items), taken(size_t(rounds) * ops * items) {}

  void runLane(uint32_t lane, uint32_t lanes) {
    for (uint32_t round = 0; round < rounds; ++round) {
      for (uint32_t op = 0; op < ops; ++op) {
        Claims claims(&step, items, lane, lanes);
        int64_t last = -1;
        for (uint32_t item; claims.next(item);) {
          ascending = ascending && item > last;
          last = item;
          ++taken[(size_t(round) * ops + op) * items + item];
        }
      }
      lap_op_barrier(&step, lane, lanes);
    }
  }
};

void expectEachOnce(uint32_t lanes, uint32_t ops, uint32_t items) {
  Lockstep team;
  ASSERT_EQ(team.start(lanes, nullptr), LAP_OK);
  Scene scene(ops, 50, items);
  scene.step.barrier = team.barrier();
  team.run([](void *context, uint32_t lane, uint32_t count) { static_cast<Scene *>(context)->runLane(lane, count); },
           &scene);
  EXPECT_TRUE(scene.ascending);
  for (const std::atomic<uint32_t> &count : scene.taken) {
    ASSERT_EQ(count, 1u);
  }
}

TEST(Claims, EachItemIsTakenOnceByAnyNumberOfLanes) {
  for (uint32_t lanes : {1u, 2u, 3u, 5u}) {
    expectEachOnce(lanes, 3, 17);
  }
}

TEST(Claims, MoreOpsThanCursorsBetweenTwoBarriers) { expectEachOnce(3, MaxCursors + 5, 7); }

TEST(Claims, FewerItemsThanLanes) { expectEachOnce(4, 2, 1); }

TEST(Claims, EveryLaneBeginsWithItsOwnItems) {
  Lockstep team;
  ASSERT_EQ(team.start(2, nullptr), LAP_OK);
  lap_step step{};
  step.barrier = team.barrier();
  Claims late(&step, 17, 1, 2), first(&step, 17, 0, 2); // both before either takes an item
  ASSERT_EQ(ownItems(17, 2), 6u);
  uint32_t item = 0;
  for (uint32_t expected : {0u, 1u, 2u, 3u, 4u, 5u, 12u, 13u, 14u, 15u, 16u}) {
    ASSERT_TRUE(first.next(item));
    EXPECT_EQ(item, expected);
  }
  EXPECT_FALSE(first.next(item));
  for (uint32_t expected : {6u, 7u, 8u, 9u, 10u, 11u}) { // nobody takes what is the late lane's own
    ASSERT_TRUE(late.next(item));
    EXPECT_EQ(item, expected);
  }
  EXPECT_FALSE(late.next(item));
}

TEST(Claims, OwnItemsCanBeTakenAtOnce) {
  lap_barrier barrier;
  lap_step step{};
  step.barrier = &barrier;
  Claims late(&step, 17, 1, 2), first(&step, 17, 0, 2);
  const Range own = late.takeOwn(), again = late.takeOwn();
  EXPECT_EQ(own.begin, 6u);
  EXPECT_EQ(own.end, 12u);
  EXPECT_EQ(again.begin, again.end);
  uint32_t item = 0;
  ASSERT_TRUE(late.next(item));
  EXPECT_EQ(item, 12u) << "the first that is nobody's own";
  ASSERT_TRUE(first.next(item));
  EXPECT_EQ(item, 0u);
}

TEST(Claims, RunsGetShorterAndLeaveNothing) {
  lap_barrier barrier;
  lap_step step{};
  step.barrier = &barrier;
  Claims late(&step, 32, 1, 2), first(&step, 32, 0, 2);
  auto expectRuns = [](Claims &claims, std::initializer_list<std::pair<uint32_t, uint32_t>> runs) {
    Range run;
    for (auto [begin, end] : runs) {
      ASSERT_TRUE(claims.nextRun(run));
      EXPECT_EQ(run.begin, begin);
      EXPECT_EQ(run.end, end);
    }
  };
  expectRuns(first, {{0, 12}, {24, 28}});
  expectRuns(late, {{12, 24}, {28, 30}, {30, 31}});
  expectRuns(first, {{31, 32}});
  Range run;
  EXPECT_FALSE(first.nextRun(run));
  EXPECT_FALSE(late.nextRun(run));
}

TEST(Claims, RunsHaveEachItemOnceWithAnyNumberOfLanes) {
  for (uint32_t lanes : {1u, 2u, 3u, 5u}) {
    for (uint32_t items : {0u, 1u, 2u, 17u, 200u}) {
      lap_barrier barrier;
      lap_step step{};
      step.barrier = &barrier;
      std::vector<uint32_t> taken(items);
      for (uint32_t lane = 0; lane < lanes; ++lane) { // the last ones find their own items only
        barrier.lanes[lane].used = 0;
        Claims claims(&step, items, lane, lanes);
        for (Range run; claims.nextRun(run);) {
          ASSERT_LE(run.end, items);
          for (; run.begin < run.end; ++run.begin) {
            ++taken[run.begin];
          }
        }
      }
      EXPECT_EQ(taken, std::vector<uint32_t>(items, 1)) << lanes << " lanes";
    }
  }
}

TEST(Claims, OwnItemsAreNeverMoreThanThereAre) {
  for (uint32_t lanes : {1u, 2u, 3u, 7u, 64u}) {
    for (uint32_t total = 0; total < 200; ++total) {
      EXPECT_LE(uint64_t(lanes) * ownItems(total, lanes), total) << total << " of " << lanes;
    }
  }
}

TEST(Claims, WithoutABarrierItemsAreSharedEvenly) {
  lap_step step{};
  Claims claims(&step, 10, 1, 3);
  uint32_t item = 0;
  for (uint32_t expected : {3u, 4u, 5u}) {
    ASSERT_TRUE(claims.next(item));
    EXPECT_EQ(item, expected);
  }
  EXPECT_FALSE(claims.next(item));
}

} // namespace
