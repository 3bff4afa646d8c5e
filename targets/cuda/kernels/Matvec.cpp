//===- Matvec.cpp - products of one row --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A block has one row tile (16 weight rows) and one token row. Its warps share the columns, so that the few tiles of a
// narrow matrix still put enough bytes in flight: 256 threads x 4 loads x 16 bytes = 16 KiB a block, and an H100 needs
// 3.35 TB/s x 0.7 us / 132 SMs = 18 KiB an SM. Lanes keep sums of their own rows (MatvecLanes.h) that shuffles and then
// shared memory bring together at the end. Activations are read through L1: at most columns x 4 bytes, by all blocks.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/IntegerWeights.h"
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Math.h"
#include "targets/cuda/kernels/MatvecLanes.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned blockThreads = 256, unitsInFlight = 4; // 2 of three planes

/// A lane's units of a tile, in order, `inFlight` of them asked for before the first is used. What was asked for is
/// carried around the loop: ptxas would move loads down to where their values are used, to save registers.
class UnitQueue {
public:
  UnitQueue(KernelBuilder &k, MatvecLanes &lanes, Val columns, unsigned inFlight)
      : k(k), lanes(lanes), units(columns / lanes.unitColumns), inFlight(inFlight),
        stride(32 / lanes.lanesPerUnit * k.warps()) {}

  Vals sum() {
    Val first = k.warpId() * (32 / lanes.lanesPerUnit) + k.laneId() / lanes.lanesPerUnit;
    Vals carried(lanes.rowsPerLane * lanes.sumsPerRow, lanes.zero());
    for (unsigned i = 0; i < inFlight; ++i) {
      Val unit = first + i * stride;
      carried.append(lanes.load(minimum(unit, units - 1)));
    }
    carried = k.forLoop(first, units, k.i32(inFlight * stride), carried,
                        [&](Val unit, llvm::ArrayRef<Val> carried) { return turn(unit, carried); });
    carried.resize(lanes.rowsPerLane * lanes.sumsPerRow);
    return carried;
  }

private:
  /// Adds the units of the queue and asks for as many.
  Vals turn(Val unit, llvm::ArrayRef<Val> carried) {
    const size_t sumCount = lanes.rowsPerLane * lanes.sumsPerRow, perUnit = (carried.size() - sumCount) / inFlight;
    Vals sums(carried.take_front(sumCount)), queue;
    for (unsigned i = 0; i < inFlight; ++i) {
      auto own = carried.slice(sumCount + i * perUnit, perUnit);
      Val current = unit + i * stride, next = current + inFlight * stride;
      sums = k.ifElse(current < units, [&] { return lanes.add(own, sums); }, [&] { return sums; });
      queue.append(k.ifElse(next < units, [&] { return lanes.load(next); }, [&] { return Vals(own); }));
    }
    sums.append(queue);
    return sums;
  }

  KernelBuilder &k;
  MatvecLanes &lanes;
  Val units;
  unsigned inFlight, stride;
};

/// Adds the sums of all lanes with the same rows; the result of row r is in thread r (below 16) for each of the sums.
Vals sumBlock(KernelBuilder &k, const MatvecLanes &lanes, Vals sums) {
  const unsigned quads = LAP_ROW_TILE / lanes.rowsPerLane, warpBytes = lanes.sumsPerRow * LAP_ROW_TILE * 4;
  for (Val &value : sums) {
    for (unsigned mask = 16; mask >= quads; mask /= 2) {
      value = value + k.shuffleXor(value, mask);
    }
  }
  Val parts = k.shared(uint64_t(k.warps()) * warpBytes, 16);
  k.ifThen(k.laneId() < quads, [&] {
    Val own = k.warpId() * warpBytes + k.laneId() * (lanes.rowsPerLane * 4);
    for (unsigned i = 0; i < sums.size(); ++i) {
      k.store(sums[i], parts, own + (i / lanes.rowsPerLane * LAP_ROW_TILE + i % lanes.rowsPerLane) * 4);
    }
  });
  k.barrier();
  Vals totals;
  for (unsigned sum = 0; sum < lanes.sumsPerRow; ++sum) {
    Val at = k.threadId() % LAP_ROW_TILE * 4 + sum * LAP_ROW_TILE * 4;
    Val total = k.load(sums[0].type(), parts, at);
    for (unsigned warp = 1; warp < k.warps(); ++warp) {
      total = total + k.load(sums[0].type(), parts, at + warp * warpBytes);
    }
    totals.push_back(total);
  }
  return totals;
}

void buildMatvec(KernelBuilder &k, const ProductKind &kind) {
  Product p(k, kind);
  forTokens(k, p, 1, [&](const TokenBlock &tokens) {
    Val tile = tokens.weights + toInt(k.blockX(), 64) * p.tileBytes;
    Val input = inputRow(k, p, tokens, k.i32(0)), output = outputRow(k, p, tokens, k.i32(0));
    std::unique_ptr<MatvecLanes> lanes = MatvecLanes::create(k, p, tile, input);
    UnitQueue queue(k, *lanes, p.columns, kind.planes() > 1 ? unitsInFlight / 2 : unitsInFlight);
    Vals totals = sumBlock(k, *lanes, queue.sum());
    k.ifThen(k.threadId() < LAP_ROW_TILE, [&] {
      Val row = k.blockX() * LAP_ROW_TILE + k.threadId(), result = totals[0];
      if (isRowScaled(kind.weight)) {
        result = scaleRowSums(k, p, totals, IntegerWeights(kind.weight).factor, k.loadFloat(tile, k.threadId()),
                              rowInputScale(k, p, input), row);
      }
      k.storeFloat(result, output, row);
    });
  });
}

} // namespace

void addMatvecKernels(KernelList &list) {
  for (const ProductKind &kind : productKinds()) {
    list.push_back(
        {kind.namePrefix("matvec") + "16x1-cuda", blockThreads, {LAP_ROW_TILE, 1}, 0, [kind](KernelBuilder &k) {
           buildMatvec(k, kind);
         }});
  }
}

} // namespace lapidary::cuda
