//===- LockstepTest.cpp - barrier stress, start and stop ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Lanes count rounds; a lane that ever sees another one more than a round away has passed a broken barrier. Most runs
// here are oversubscribed, which exercises the sleeping path.
//===----------------------------------------------------------------------===//
#include "runtime/src/Lockstep.h"
#include "runtime/src/Profile.h"

#include <gtest/gtest.h>

using namespace lap;

namespace {

struct Rounds {
  lap_step step{};
  uint32_t rounds = 0;
  uint32_t counters[MaxLanes] = {}; // plain: the barrier alone must order them
  std::atomic<uint32_t> wrong{0};
};

void countRounds(void *context, uint32_t lane, uint32_t lanes) {
  Rounds &r = *static_cast<Rounds *>(context);
  for (uint32_t i = 1; i <= r.rounds; ++i) {
    r.counters[lane] = i;
    lap_op_barrier(&r.step, lane, lanes);
    r.wrong += r.counters[(lane + 1) % lanes] != i;
    lap_op_barrier(&r.step, lane, lanes);
  }
}

} // namespace

TEST(Lockstep, LanesMeetAtEveryBarrier) {
  for (uint32_t lanes = 1; lanes <= 8; ++lanes) {
    Lockstep team;
    ASSERT_EQ(team.start(lanes, nullptr), LAP_OK);
    Rounds rounds;
    rounds.step.barrier = team.barrier();
    rounds.rounds = lanes <= 2 ? 50000 : 5000; // two barriers each
    team.run(countRounds, &rounds);
    EXPECT_EQ(rounds.wrong, 0u) << lanes << " lanes";
    EXPECT_EQ(rounds.counters[lanes - 1], rounds.rounds);
  }
}

namespace {

struct ReadingAhead {
  lap_step step{};
  alignas(64) uint8_t memory[200 * 64] = {}; // two streams
  Ahead left[2] = {};
};

/// The first lane comes when the second one has begun to read what it may read while it waits.
void comeLate(void *context, uint32_t lane, uint32_t lanes) {
  ReadingAhead &r = *static_cast<ReadingAhead *>(context);
  Ahead &ahead = r.step.barrier->lanes[lane].ahead;
  ahead = {r.memory, r.memory + sizeof(r.memory) / 2, sizeof(r.memory) / 2, 2};
  if (lane == 0) {
    // The pointer is the other lane's own, not atomic: each look at it is a fresh load.
    const uint8_t *const volatile &other = r.step.barrier->lanes[1].ahead.begin;
    for (int i = 0; i < 300000 && (other == nullptr || other == r.memory); ++i) { // half a minute at most
      usleep(100);
    }
  }
  lap_op_barrier(&r.step, lane, lanes);
  r.left[lane] = ahead;
}

} // namespace

TEST(Lockstep, AWaitingLaneReadsAheadAndNoFurther) {
  Lockstep team;
  ASSERT_EQ(team.start(2, nullptr), LAP_OK);
  ReadingAhead r;
  r.step.barrier = team.barrier();
  team.run(comeLate, &r);
  EXPECT_EQ(r.left[0].begin, r.memory) << "the last lane does not wait";
  EXPECT_GT(r.left[1].begin, r.memory);
  EXPECT_LE(r.left[1].begin, r.left[1].end);
}

TEST(Lockstep, RunsManyJobsAndParksBetweenThem) {
  Lockstep team;
  ASSERT_EQ(team.start(4, nullptr), LAP_OK);
  std::atomic<uint32_t> calls{0};
  for (int i = 0; i < 2000; ++i) {
    if (i % 500 == 0) {
      usleep(20000); // long enough for the workers to sleep
    }
    team.run([](void *c, uint32_t, uint32_t) { ++*static_cast<std::atomic<uint32_t> *>(c); }, &calls);
    ASSERT_EQ(calls, 4u * unsigned(i + 1));
  }
}

TEST(Lockstep, SpinBudgetShrinksToAFloorAndGrowsBack) {
  SpinBudget budget;
  budget.start(4000);
  for (int i = 0; i < 20; ++i) {
    budget.spunInVain();
  }
  uint32_t least = budget.spins;
  EXPECT_GT(least, 0u);
  EXPECT_LT(least, 100u);
  for (int i = 0; i < 200; ++i) {
    budget.spunWell();
  }
  EXPECT_EQ(budget.spins, 4000u);
}

TEST(Lockstep, OnlyALongSleepShrinksTheSpinBudget) {
  SpinBudget budget;
  budget.start(4000);
  budget.sleptUntil(5000000);
  EXPECT_EQ(budget.spins, 2000u);
  budget.sleptUntil(20000);
  EXPECT_GT(budget.spins, 2000u);
}

TEST(Lockstep, ASleeperLearnsWhenItsWordAdvanced) {
  WaitWord word;
  SpinBudget budget;
  budget.start(0); // sleeps at once
  pthread_t thread;
  const uint64_t before = nowNs();
  ASSERT_EQ(pthread_create(
                &thread, nullptr,
                [](void *context) -> void * {
                  WaitWord &other = *static_cast<WaitWord *>(context);
                  while (other.sleepers == 0) {
                    usleep(100);
                  }
                  other.advance();
                  return nullptr;
                },
                &word),
            0);
  Ahead nothing;
  EXPECT_TRUE(word.wait(0, budget, nothing));
  pthread_join(thread, nullptr);
  EXPECT_GT(word.advancedNs, before);
  EXPECT_LE(word.advancedNs, nowNs());
}

TEST(Lockstep, StartsAndStopsWithoutRunning) {
  for (int i = 0; i < 50; ++i) {
    Lockstep team;
    ASSERT_EQ(team.start(8, nullptr), LAP_OK);
  }
  EXPECT_GE(usableCpus(), 1u);
}
