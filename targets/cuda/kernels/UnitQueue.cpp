//===- UnitQueue.cpp - keeps a matvec's loads in flight -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See UnitQueue.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/UnitQueue.h"

namespace lapidary::cuda {

namespace {

class UnitQueue {
public:
  UnitQueue(KernelBuilder &k, UnitSums &lanes, Val columns, unsigned inFlight)
      : k(k), lanes(lanes), units((columns + (lanes.unitColumns - 1)) / lanes.unitColumns), inFlight(inFlight),
        stride(32 / lanes.lanesPerUnit * k.warps()) {}

  Vals sum() {
    const unsigned unitsPerWarp = 32 / lanes.lanesPerUnit;
    Val first = unitsPerWarp == 1 ? k.warpId() : k.warpId() * unitsPerWarp + k.laneId() / lanes.lanesPerUnit;
    Vals carried(lanes.sumCount, lanes.zero());
    for (unsigned i = 0; i < inFlight; ++i) {
      carried.append(lanes.load(minimum(first + i * stride, units - 1)));
    }
    carried = k.forLoop(first, units, k.i32(inFlight * stride), carried,
                        [&](Val unit, llvm::ArrayRef<Val> carried) { return turn(unit, carried); });
    carried.resize(lanes.sumCount);
    return carried;
  }

private:
  /// Adds the units of the queue and asks for as many.
  Vals turn(Val unit, llvm::ArrayRef<Val> carried) {
    const size_t perUnit = (carried.size() - lanes.sumCount) / inFlight;
    Vals sums(carried.take_front(lanes.sumCount)), queue;
    for (unsigned i = 0; i < inFlight; ++i) {
      auto own = carried.slice(lanes.sumCount + i * perUnit, perUnit);
      Val current = unit + i * stride, next = current + inFlight * stride;
      sums = k.ifElse(current < units, [&] { return lanes.add(own, sums); }, [&] { return sums; });
      queue.append(k.ifElse(next < units, [&] { return lanes.load(next); }, [&] { return Vals(own); }));
    }
    sums.append(queue);
    return sums;
  }

  KernelBuilder &k;
  UnitSums &lanes;
  Val units;
  unsigned inFlight, stride;
};

} // namespace

Vals sumUnits(KernelBuilder &k, UnitSums &lanes, Val columns, unsigned inFlight) {
  return UnitQueue(k, lanes, columns, inFlight).sum();
}

} // namespace lapidary::cuda
