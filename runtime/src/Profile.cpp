//===- Profile.cpp - where the time of each lane goes ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Lists of kinds are short, and a lane searches its own once an op. The clock costs some 30 ns, twice an op and a
// barrier.
//===----------------------------------------------------------------------===//
#include "runtime/src/Profile.h"

#include <time.h>

namespace lap {

uint64_t nowNs() {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1000000000 + uint64_t(time.tv_nsec);
}

bool OpKind::operator==(const OpKind &other) const {
  if (name != other.name || !weight != !other.weight) {
    return false;
  }
  return !weight || (weight->format == other.weight->format && weight->rows == other.weight->rows &&
                     weight->columns == other.weight->columns);
}

void LaneProfile::begin(const OpKind &kind, uint64_t now) {
  uint32_t index = 0;
  while (index < count && !(kinds[index].kind == kind)) {
    ++index;
  }
  if (index == count && count < MostKinds) {
    kinds[count++].kind = kind;
  }
  current = &kinds[index < MostKinds ? index : MostKinds - 1];
  ++current->calls;
  working = true;
  mark = now;
}

void LaneProfile::end(uint64_t now) {
  charge(&OpTimes::workNs, now);
  working = false;
}

void LaneProfile::interrupt(uint64_t now) {
  if (working) {
    charge(&OpTimes::workNs, now);
  }
}

void LaneProfile::waited(bool slept, uint64_t now) {
  if (current) {
    current->sleeps += slept;
    charge(&OpTimes::waitNs, now);
  }
}

void LaneProfile::charge(uint64_t OpTimes::*time, uint64_t now) {
  current->*time += now - mark;
  mark = now;
}

} // namespace lap
