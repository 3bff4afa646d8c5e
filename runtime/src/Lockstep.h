//===- Lockstep.h - a team of threads that runs one function together -----===//
// SPDX-License-Identifier: Apache-2.0
//
// Every lane executes every op of the program and meets the others at a barrier between ops: a decode step has
// hundreds of barriers, so a barrier must cost well under a microsecond. Hence it spins. But a lane whose CPU is taken
// away must not make the others burn their time slices, so after a bounded spin a lane sleeps on a futex. The bound
// adapts: it shrinks each time spinning was in vain and grows back while spinning works.
//
// The calling thread is lane 0; the workers are started once and park on a futex between calls.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_LOCKSTEP_H
#define LAPIDARY_RUNTIME_LOCKSTEP_H

#include "lapidary/ProgramAbi.h"
#include "lapidary/lapidary.h"

#include <atomic>
#include <pthread.h>

namespace lap {

/// How long lanes spin before they sleep. Shared by the lanes; written only when it changes.
struct SpinBudget {
  std::atomic<uint32_t> spins{0}; // pause instructions
  uint32_t most = 0;

  void start(uint32_t limit);
  void spunInVain();
  void spunWell();
  /// What a lane waited for came `ns` after it went to sleep.
  void sleptUntil(uint64_t ns);
};

/// Memory that a lane is going to read: [begin, end), and as much `distance` further on for every further stream. A
/// lane that waits brings it into its caches, a line of each stream at a time.
struct Ahead {
  const uint8_t *begin = nullptr, *end = nullptr;
  uint64_t distance = 0;
  uint32_t streams = 1;
};

/// A counter that threads wait on: spin first, then sleep. What is spun on has a cache line of its own.
struct WaitWord {
  alignas(64) std::atomic<uint32_t> value{0};
  alignas(64) std::atomic<uint32_t> sleepers{0};
  std::atomic<uint64_t> advancedNs{0}; // when it last advanced while somebody slept

  /// Returns once value != seen, at the latest shortly after advance(); true if the thread slept. Reads
  /// `ahead` before it spins.
  bool wait(uint32_t seen, SpinBudget &budget, Ahead &ahead);
  /// Adds one and wakes every sleeper.
  void advance();
};

enum {
  MaxLanes = 64,
  MaxCursors = 8,            // ops between two barriers whose items are claimed; further ones are shared evenly
  WorkerStackBytes = 1 << 20 // musl's default of 128 KiB is tight for kernels with local tiles
};

/// The next item of one op that no lane has claimed.
struct alignas(64) Cursor {
  std::atomic<uint32_t> next{0};
};

struct LaneProfile; // runtime/src/Profile.h

/// What a lane keeps from op to op; nobody else reads it.
struct alignas(64) LaneState {
  uint32_t used = 0;              // cursors since the last barrier; all lanes run the same ops, so they count alike
  LaneProfile *profile = nullptr; // borrowed; null: nothing is timed
  Ahead ahead;
};

} // namespace lap

/// A sense-reversing barrier: the sense is the generation number, so it can never be mistaken for an older one. It also
/// holds the cursors of the ops up to the next barrier, which puts them back to zero.
struct lap_barrier {
  alignas(64) std::atomic<uint32_t> arrived{0};
  lap::WaitWord generation;
  alignas(64) lap::SpinBudget budget;
  lap::Cursor cursors[lap::MaxCursors];
  lap::LaneState lanes[lap::MaxLanes];
};

namespace lap {

/// CPUs in this process's affinity mask, 1..MaxLanes.
uint32_t usableCpus();

/// Not copyable, not movable: workers hold its address.
class Lockstep {
public:
  using Job = void(void *context, uint32_t lane, uint32_t lanes);

  Lockstep() = default;
  ~Lockstep() { stop(); }
  Lockstep(const Lockstep &) = delete;
  Lockstep &operator=(const Lockstep &) = delete;

  /// Starts lanes - 1 workers (1 <= lanes <= MaxLanes). On failure none is left running.
  lap_status start(uint32_t lanes, lap_error *error);
  /// Runs job(context, lane, lanes) on every lane and returns when all have returned.
  void run(Job *job, void *context);
  void stop();

  uint32_t lanes() const { return laneCount; }
  /// For lap_step.barrier of the job that runs.
  lap_barrier *barrier() { return &laneBarrier; }
  /// Times the lanes from the next run on, in `profiles` (one a lane, zeroed, the caller's); null: no more.
  void setProfile(LaneProfile *profiles);

private:
  struct Worker {
    Lockstep *team;
    uint32_t lane;
    pthread_t thread;
  };
  static void *workerMain(void *worker);

  lap_barrier laneBarrier;
  SpinBudget parkBudget; // of workers between calls
  WaitWord epoch;        // advances once per run() and once per stop()
  Job *job = nullptr;
  void *jobContext = nullptr;
  std::atomic<bool> stopping{false};
  uint32_t laneCount = 0;
  uint32_t started = 0; // workers running
  Worker workers[MaxLanes];
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_LOCKSTEP_H
