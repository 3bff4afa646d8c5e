//===- Shadow.h - who touched which bytes, and whether that is a race ------===//
// SPDX-License-Identifier: Apache-2.0
//
// Time is a clock that advances at every barrier and warp barrier and when a block starts. An access is stamped with
// the clock. What another thread did is ordered before now if its stamp is older than
//   - the last barrier of the block, for a thread of another warp of this block,
//   - the last synchronisation of the warp, for another lane of the same warp,
//   - the start of the launch, for a thread of another block: blocks of one launch are in no order.
// Blocks run in turn, so a stamp also tells whose block it was. Nothing has to be cleared between blocks and launches.
//
// Four bytes have one cell: the last two writes and the last two reads, by different threads if there were such, each
// with a mask of bytes. So of many unordered accesses to a word two are remembered; that is enough to see that one of
// them, or a later one, races, unless the third touches bytes that only a forgotten one touched.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_SHADOW_H
#define LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_SHADOW_H

#include "targets/cuda/emulator/Abi.h"

namespace lapidary::cuda::emulator {

/// One access: stamp 32 | thread of the block 10 | atomic 1 | bytes of the word 4 | site 17 (from the top).
struct Record {
  uint64_t bits = 0;

  static Record make(uint32_t stamp, uint32_t thread, bool atomic, uint32_t mask, uint32_t site) {
    return {uint64_t(stamp) << 32 | uint64_t(thread) << 22 | uint64_t(atomic) << 21 | uint64_t(mask) << siteBits |
            site};
  }
  uint32_t stamp() const { return uint32_t(bits >> 32); }
  uint32_t thread() const { return uint32_t(bits >> 22) & 1023; }
  bool atomic() const { return (bits >> 21) & 1; }
  uint32_t mask() const { return uint32_t(bits >> siteBits) & 15; }
  uint32_t site() const { return uint32_t(bits) & ((1u << siteBits) - 1); }
};
static_assert(siteBits == 17, "Record has 17 bits for it");

struct Cell {
  Record writes[2], reads[2];
};

/// When things happened, as the running thread sees it.
struct Clock {
  uint32_t now = 1;
  uint32_t launchStart = 1, blockStart = 1; ///< first stamps of this launch and of this block
  uint32_t barrier = 1;                     ///< first stamp since the block's last barrier
};

/// The running thread, and one access of it.
struct Toucher {
  const Clock &clock;
  uint64_t horizon;   ///< records with fewer bits are older than anything unordered
  Record now;         ///< with no bytes yet
  uint32_t warpStart; ///< first stamp since the warp's last synchronisation
  bool writes;

  /// `since`: clock.launchStart, or clock.barrier for shared memory, which one block has at a time.
  Toucher(const Clock &clock, uint32_t since, uint32_t thread, uint32_t warpStart, Access access, uint32_t site)
      : clock(clock), horizon(uint64_t(since) << 32),
        now(Record::make(clock.now, thread, access == Access::AtomicLoad || access == Access::AtomicUpdate, 0, site)),
        warpStart(warpStart), writes(access == Access::Store || access == Access::AtomicUpdate) {}
};

/// True for what is older than the horizon, or by this thread.
inline bool isQuiet(Record before, const Toucher &toucher) {
  return before.bits < toucher.horizon ||
         (before.thread() == toucher.now.thread() && before.stamp() >= toucher.clock.blockStart);
}

/// Puts `now` in the place of a quiet record; if that is of the same thread and time, with the bytes of both.
inline void replaceQuiet(Record &before, Record now) {
  const bool same = (before.bits ^ now.bits) >> (siteBits + 4) == 0;
  before.bits = now.bits | (same ? before.bits & uint64_t(15) << siteBits : 0);
}

/// What touch() does where others have touched the bytes in this launch.
const Record *touchShared(Cell &cell, Record now, const Toucher &toucher);

/// Notes an access to the bytes `mask` of a cell. Returns the record it races with, or nullptr.
inline const Record *touch(Cell &cell, uint32_t mask, const Toucher &toucher) {
  const Record now{toucher.now.bits | uint64_t(mask) << siteBits};
  if (isQuiet(cell.writes[0], toucher) && isQuiet(cell.writes[1], toucher) && isQuiet(cell.reads[0], toucher) &&
      (!toucher.writes || isQuiet(cell.reads[1], toucher))) {
    replaceQuiet(toucher.writes ? cell.writes[0] : cell.reads[0], now);
    return nullptr;
  }
  return touchShared(cell, now, toucher);
}

} // namespace lapidary::cuda::emulator

#endif // LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_SHADOW_H
