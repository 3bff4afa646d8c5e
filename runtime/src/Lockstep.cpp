//===- Lockstep.cpp - barrier, futex, worker threads ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Why no wake-up is lost: a sleeper first counts itself in `sleepers`, then asks the kernel to sleep only if `value`
// is unchanged; the waker first changes `value`, then reads `sleepers`. All four are sequentially consistent, so either
// the waker sees the sleeper, or the kernel sees the new value.
//===----------------------------------------------------------------------===//
#include "runtime/src/Lockstep.h"
#include "runtime/src/Error.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lap {

namespace {

constexpr uint32_t SpinsAlone = 4000;     // about 0.1 ms: longer than the imbalance between lanes of one op
constexpr uint32_t SpinsCrowded = 50;     // more lanes than CPUs: whoever we wait for needs our CPU
constexpr size_t WorkerStackBytes = 1u << 20; // musl's default of 128 KiB is tight for kernels with local tiles

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

} // namespace

void WaitWord::wait(uint32_t seen, uint32_t spins) {
  for (uint32_t i = 0; i < spins; ++i) {
    if (value.load(std::memory_order_acquire) != seen) {
      return;
    }
    pause();
  }
  sleepers.fetch_add(1);
  while (value.load() == seen) {
    syscall(SYS_futex, &value, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
  }
  sleepers.fetch_sub(1);
}

void WaitWord::advance() {
  value.fetch_add(1);
  if (sleepers.load() != 0) {
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
  laneBarrier.spins = lanes <= usableCpus() ? SpinsAlone : SpinsCrowded;
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
  for (uint32_t seen = 0;; ++seen) {
    team.epoch.wait(seen, team.laneBarrier.spins);
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

void Lockstep::stop() {
  stopping.store(true, std::memory_order_release);
  epoch.advance();
  for (uint32_t i = 0; i < started; ++i) {
    pthread_join(workers[i].thread, nullptr);
  }
  started = 0;
}

} // namespace lap

extern "C" void lap_op_barrier(const lap_step *step, uint32_t lane, uint32_t lanes) {
  if (lanes == 1) {
    return;
  }
  lap_barrier &barrier = *step->barrier;
  uint32_t seen = barrier.generation.value.load(std::memory_order_acquire);
  if (barrier.arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == lanes) {
    barrier.arrived.store(0, std::memory_order_relaxed);
    barrier.generation.advance();
  } else {
    barrier.generation.wait(seen, barrier.spins);
  }
}
