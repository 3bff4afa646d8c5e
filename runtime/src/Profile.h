//===- Profile.h - where the time of each lane goes -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A team with profiles notes, for every lane, how long each kind of op works and how long the lane then
// waits for the others. Without one (the normal case) an op tests one pointer. `bench --profile` prints the result
// (runtime/src/cli/Profile.cpp).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_PROFILE_H
#define LAPIDARY_RUNTIME_PROFILE_H

#include "runtime/src/Lockstep.h"

namespace lap {

/// Ops that are counted together: those of one driver; if it reads a matrix, those of one format and shape.
struct OpKind {
  const char *name;
  const lap_weight *weight; // of the first of them; null: reads no matrix

  bool operator==(const OpKind &other) const;
};

/// Of one lane.
struct OpTimes {
  OpKind kind;
  uint64_t calls;
  uint64_t workNs; // inside the driver, barriers in it excepted
  uint64_t waitNs; // at barriers in and behind it
  uint64_t sleeps; // how many of these waits ended in the kernel
  uint64_t bytes;  // of weights, keys and values that the lane read
};

/// Written by its lane alone; zeroed memory is a fresh one. `now`, in ns, comes from a clock that only moves forward.
struct alignas(64) LaneProfile {
  static constexpr uint32_t MostKinds = 96; // an E2B program has some 20; the last one takes what is too much

  void begin(const OpKind &kind, uint64_t now);
  void end(uint64_t now);
  void read(uint64_t bytes) { current->bytes += bytes; }
  /// The lane comes to a barrier, between ops or in one.
  void interrupt(uint64_t now);
  /// The lane leaves the barrier.
  void waited(bool slept, uint64_t now);

  OpTimes kinds[MostKinds];
  uint32_t count;

private:
  void charge(uint64_t OpTimes::*time, uint64_t now);

  OpTimes *current; // null before the first op
  bool working;     // in an op
  uint64_t mark;    // ns; up to here everything is charged
};

/// Nanoseconds of a clock that only moves forward.
uint64_t nowNs();

/// Times the op whose driver it lives in.
class OpTimer {
public:
  OpTimer(const lap_step *step, uint32_t lane, const char *name, const lap_weight *weight = nullptr)
      : profile(step->barrier ? step->barrier->lanes[lane].profile : nullptr) {
    if (profile) {
      profile->begin({name, weight}, nowNs());
    }
  }
  ~OpTimer() {
    if (profile) {
      profile->end(nowNs());
    }
  }
  OpTimer(const OpTimer &) = delete;
  OpTimer &operator=(const OpTimer &) = delete;

  bool isOn() const { return profile != nullptr; }

  /// The lane reads so many bytes of weights, keys or values.
  void read(uint64_t bytes) const {
    if (profile) {
      profile->read(bytes);
    }
  }

private:
  LaneProfile *profile;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_PROFILE_H
