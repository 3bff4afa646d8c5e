//===- Claims.h - items of an op, taken by the lanes as they get free -----===//
// SPDX-License-Identifier: Apache-2.0
//
// Equal shares do not take equal time: cores get unequal parts of the memory bandwidth, and a lane that waits long at
// the barrier goes to sleep, which costs more than the op. So in the large ops every lane has three quarters of an
// equal share, long streams of memory that it can begin to read ahead of the op, and claims the other items: one by
// one, or in runs that get shorter as less is left. With a quarter, streams end so often that two cores got 0.9 of the
// bandwidth (docs/performance.md); with three quarters two lanes still end together when one is 0.6 times as fast as
// the other. Which lane runs an item changes no bit of its result.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CPU_CLAIMS_H
#define LAPIDARY_RUNTIME_CPU_CLAIMS_H

#include "Work.h"
#include "runtime/src/Lockstep.h"

namespace lap {

/// Items of `total` that a lane has for itself: [lane * ownItems, (lane + 1) * ownItems).
inline uint32_t ownItems(uint32_t total, uint32_t lanes) {
  return lanes == 1 ? total : uint32_t(uint64_t(total) * 3 / (uint64_t(lanes) * 4));
}

/// The items [0, total) of one op. Every lane of the step makes one, in the same order of ops, and asks for items until
/// there are none; a lane gets them in ascending order. One lane alone, a step without a barrier and ops beyond
/// MaxCursors get equal shares.
class Claims {
public:
  Claims(const lap_step *step, uint32_t total, uint32_t lane, uint32_t lanes) : total(total), lanes(lanes) {
    if (lanes > 1 && step->barrier) {
      uint32_t &used = step->barrier->lanes[lane].used;
      if (used < MaxCursors) {
        cursor = &step->barrier->cursors[used++].next;
        const uint32_t own = ownItems(total, lanes);
        following = lane * own;
        ownEnd = following + own;
        firstShared = lanes * own;
        return;
      }
    }
    const Range items = share(total, lane, lanes);
    following = static_cast<uint32_t>(items.begin);
    ownEnd = static_cast<uint32_t>(items.end);
  }

  /// The lane's own items, all at once; next() then gives the others.
  Range takeOwn() {
    const Range own = {following, ownEnd};
    following = ownEnd;
    return own;
  }

  /// False when no item is left.
  bool next(uint32_t &out_item) {
    if (following < ownEnd) {
      out_item = following++;
      return true;
    }
    if (!cursor) {
      return false;
    }
    out_item = firstShared + cursor->fetch_add(1, std::memory_order_relaxed);
    return out_item < total;
  }

  /// Instead of next(): the lane's own items at once, then an equal share of what is left, one item at least. False
  /// when none is left.
  bool nextRun(Range &out_run) {
    if (following < ownEnd) {
      out_run = takeOwn();
      return true;
    }
    if (!cursor) {
      return false;
    }
    // The cursor counts the runs, so each follows from the ones before it.
    uint32_t begin = firstShared, length = runLength(begin);
    for (uint32_t before = cursor->fetch_add(1, std::memory_order_relaxed); before > 0 && begin < total; --before) {
      begin += length;
      length = runLength(begin);
    }
    out_run = {begin, begin + length};
    return begin < total;
  }

private:
  uint32_t runLength(uint32_t begin) const {
    const uint32_t equal = (total - begin) / lanes;
    return equal ? equal : 1;
  }

  uint32_t total, lanes;
  uint32_t following, ownEnd;              // own items: [following, ownEnd)
  uint32_t firstShared = 0;                // behind all lanes' own items
  std::atomic<uint32_t> *cursor = nullptr; // null: all items are somebody's own
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CPU_CLAIMS_H
