//===- Lockstep.cpp - barrier, futex, worker threads ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Why no wake-up is lost: a sleeper first counts itself in `sleepers`, then asks the kernel to sleep only if `value`
// is unchanged; the waker first changes `value`, then reads `sleepers`. All four are sequentially consistent, so either
// the waker sees the sleeper, or the kernel sees the new value.
//===----------------------------------------------------------------------===//
#include "runtime/src/Lockstep.h"
#include "runtime/src/Error.h"
#include "runtime/src/Profile.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lap {

namespace {

constexpr uint32_t SpinsMost = 4000;     // about 0.1 ms: longer than the imbalance between lanes of one op
constexpr uint32_t SpinsLeast = 50;      // whoever we wait for needs our CPU
constexpr uint64_t ShortSleepNs = 50000; // with 100,000 a CPU shared with another process is spun away

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

} // namespace

void SpinBudget::start(uint32_t limit) {
  most = limit;
  spins.store(limit, std::memory_order_relaxed);
}

void SpinBudget::spunInVain() {
  uint32_t now = spins.load(std::memory_order_relaxed);
  if (now > SpinsLeast) {
    spins.store(now / 2 > SpinsLeast ? now / 2 : SpinsLeast, std::memory_order_relaxed);
  }
}

void SpinBudget::spunWell() {
  uint32_t now = spins.load(std::memory_order_relaxed);
  if (now < most) {
    uint32_t more = now + now / 16 + 1;
    spins.store(more < most ? more : most, std::memory_order_relaxed);
  }
}

void SpinBudget::sleptUntil(uint64_t ns) {
  // A short sleep would have been a spin: without this a budget that shrank below the lanes' imbalance never grew back.
  // The time to wake up does not count: it is some 50 us in a virtual machine, so one sleep would bring the next.
  if (ns < ShortSleepNs) {
    spunWell();
  } else {
    spunInVain();
  }
}

bool WaitWord::wait(uint32_t seen, SpinBudget &budget, Ahead &ahead) {
  for (; ahead.begin < ahead.end; ahead.begin += 64) { // a line at a time: the word comes first
    if (value.load(std::memory_order_acquire) != seen) {
      return false;
    }
    for (uint32_t stream = 0; stream < ahead.streams; ++stream) {
      __builtin_prefetch(ahead.begin + stream * ahead.distance);
    }
  }
  uint32_t spins = budget.spins.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < spins; ++i) {
    if (value.load(std::memory_order_acquire) != seen) {
      budget.spunWell();
      return false;
    }
    pause();
  }
  const uint64_t start = nowNs();
  sleepers.fetch_add(1);
  while (value.load() == seen) {
    syscall(SYS_futex, &value, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
  }
  sleepers.fetch_sub(1);
  const uint64_t advanced = advancedNs.load(std::memory_order_relaxed);
  budget.sleptUntil(advanced > start ? advanced - start : 0); // before: it came while we went to sleep
  return true;
}

void WaitWord::advance() {
  value.fetch_add(1);
  if (sleepers.load() != 0) {
    advancedNs.store(nowNs(), std::memory_order_relaxed);
    syscall(SYS_futex, &value, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
  }
}

uint32_t usableCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) {
    return 1;
  }
  int count = CPU_COUNT(&set);
  return count < 1 ? 1 : count > MaxLanes ? static_cast<uint32_t>(MaxLanes) : static_cast<uint32_t>(count);
}

lap_status Lockstep::start(uint32_t lanes, lap_error *error) {
  laneCount = lanes;
  laneBarrier.budget.start(lanes <= usableCpus() ? SpinsMost : SpinsLeast);
  parkBudget.start(laneBarrier.budget.most); // its own: the time between calls says nothing about barriers
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, WorkerStackBytes);
  int failure = 0;
  while (started + 1 < lanes && failure == 0) {
    Worker &worker = workers[started];
    worker.team = this;
    worker.lane = started + 1;
    failure = pthread_create(&worker.thread, &attributes, workerMain, &worker);
    started += failure == 0;
  }
  pthread_attr_destroy(&attributes);
  if (failure == 0) {
    return LAP_OK;
  }
  uint32_t reached = started + 1;
  stop();
  return fail(error, LAP_OUT_OF_MEMORY, "cannot start thread %u of %u: %s; use fewer with --threads", reached + 1,
              lanes, strerror(failure));
}

void *Lockstep::workerMain(void *argument) {
  Worker &worker = *static_cast<Worker *>(argument);
  Lockstep &team = *worker.team;
  Ahead nothing;
  for (uint32_t seen = 0;; ++seen) {
    team.epoch.wait(seen, team.parkBudget, nothing);
    if (team.stopping.load(std::memory_order_acquire)) {
      return nullptr;
    }
    team.job(team.jobContext, worker.lane, team.laneCount);
    lap_step finish{};
    finish.barrier = &team.laneBarrier;
    lap_op_barrier(&finish, worker.lane, team.laneCount);
  }
}

void Lockstep::run(Job *newJob, void *context) {
  job = newJob;
  jobContext = context;
  epoch.advance();
  job(context, 0, laneCount);
  lap_step finish{};
  finish.barrier = &laneBarrier;
  lap_op_barrier(&finish, 0, laneCount);
}

void Lockstep::setProfile(LaneProfile *profiles) {
  for (uint32_t lane = 0; lane < laneCount; ++lane) {
    laneBarrier.lanes[lane].profile = profiles ? profiles + lane : nullptr;
  }
}

void Lockstep::stop() {
  stopping.store(true, std::memory_order_release);
  epoch.advance();
  for (uint32_t i = 0; i < started; ++i) {
    pthread_join(workers[i].thread, nullptr);
  }
  started = 0;
}

} // namespace lap

namespace {

/// Returns when every lane has called it; true if the lane slept.
bool meet(lap_barrier &barrier, uint32_t lane, uint32_t lanes) {
  uint32_t seen = barrier.generation.value.load(std::memory_order_acquire);
  const uint32_t cursors = barrier.lanes[lane].used;
  barrier.lanes[lane].used = 0;
  if (barrier.arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == lanes) {
    for (uint32_t i = 0; i < cursors && i < lap::MaxCursors; ++i) {
      barrier.cursors[i].next.store(0, std::memory_order_relaxed);
    }
    barrier.arrived.store(0, std::memory_order_relaxed);
    barrier.generation.advance();
    return false;
  }
  return barrier.generation.wait(seen, barrier.budget, barrier.lanes[lane].ahead);
}

} // namespace

extern "C" void lap_op_barrier(const lap_step *step, uint32_t lane, uint32_t lanes) {
  if (lanes == 1) {
    return;
  }
  lap::LaneProfile *profile = step->barrier->lanes[lane].profile;
  if (profile) {
    profile->interrupt(lap::nowNs());
  }
  const bool slept = meet(*step->barrier, lane, lanes);
  if (profile) {
    profile->waited(slept, lap::nowNs());
  }
}
