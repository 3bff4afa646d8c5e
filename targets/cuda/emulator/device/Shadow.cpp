//===- Shadow.cpp - who touched which bytes, and whether that is a race ----===//
// SPDX-License-Identifier: Apache-2.0
//
// The rules are in Shadow.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Shadow.h"

namespace lapidary::cuda::emulator {

namespace {

bool ordered(Record before, const Toucher &toucher) {
  if (before.bits < toucher.horizon) {
    return true;
  }
  const uint32_t stamp = before.stamp(), thread = toucher.now.thread();
  if (stamp < toucher.clock.blockStart) {
    return false; // another block of this launch
  }
  if (before.thread() == thread) {
    return true;
  }
  return stamp < (before.thread() / 32 == thread / 32 ? toucher.warpStart : toucher.clock.barrier);
}

const Record *findRace(const Record (&records)[2], Record now, const Toucher &toucher) {
  for (const Record &before : records) {
    if (before.bits >= toucher.horizon && (before.mask() & now.mask()) && !(before.atomic() && now.atomic()) &&
        !ordered(before, toucher)) {
      return &before;
    }
  }
  return nullptr;
}

/// Keeps `now`, in the place of what it makes needless if there is such a record, else of the older one.
void keep(Record (&records)[2], Record now, const Toucher &toucher) {
  for (Record &before : records) {
    const bool same = before.thread() == now.thread() && before.atomic() == now.atomic();
    if (same && before.stamp() == now.stamp()) {
      before.bits |= now.bits & (uint64_t(15) << siteBits);
      return;
    }
    if (same || ordered(before, toucher)) {
      before = now;
      return;
    }
  }
  records[1] = records[0];
  records[0] = now;
}

} // namespace

const Record *touchShared(Cell &cell, Record now, const Toucher &toucher) {
  if (const Record *race = findRace(cell.writes, now, toucher)) {
    return race;
  }
  if (!toucher.writes) {
    keep(cell.reads, now, toucher);
    return nullptr;
  }
  if (const Record *race = findRace(cell.reads, now, toucher)) {
    return race;
  }
  keep(cell.writes, now, toucher);
  return nullptr;
}

} // namespace lapidary::cuda::emulator
