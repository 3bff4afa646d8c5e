//===- Matvec.cpp - products of one row --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A block has one row tile (16 weight rows) and one token row, or up to 8 (FewRows.h). Its warps share the columns, so
// that the few tiles of a narrow matrix still put enough bytes in flight: 256 threads x 4 loads x 16 bytes = 16 KiB a
// block, and an H100 needs 3.35 TB/s x 0.7 us / 132 SMs = 18 KiB an SM. Lanes keep sums of their own rows
// (MatvecLanes.h) that shuffles and then shared memory bring together at the end. Activations are read through L1: at
// most columns x 4 bytes, by all blocks.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/FewRows.h"
#include "targets/cuda/kernels/IntegerWeights.h"
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Math.h"
#include "targets/cuda/kernels/UnitQueue.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned blockThreads = 256, unitsInFlight = 4; // 2 of three planes

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

void multiplyRow(KernelBuilder &k, const Product &p, const TokenBlock &tokens, unsigned inFlight) {
  Val tile = tokens.weights + toInt(k.blockX(), 64) * p.tileBytes;
  Val input = inputRow(k, p, tokens, k.i32(0)), output = outputRow(k, p, tokens, k.i32(0));
  std::unique_ptr<MatvecLanes> lanes = MatvecLanes::create(k, p, tile, input);
  Vals totals = sumBlock(k, *lanes, sumUnits(k, *lanes, p.columns, inFlight));
  k.ifThen(k.threadId() < LAP_ROW_TILE, [&] {
    Val row = k.blockX() * LAP_ROW_TILE + k.threadId(), result = totals[0];
    if (isRowScaled(p.kind.weight)) {
      result = scaleRowSums(k, p, totals, IntegerWeights(p.kind.weight).factor, k.loadFloat(tile, k.threadId()),
                            rowInputScale(k, p, input), row);
    }
    k.storeFloat(result, output, row);
  });
}

void buildMatvec(KernelBuilder &k, const ProductKind &kind) {
  Product p(k, kind);
  const unsigned rows = matvecRows(kind), inFlight = kind.planes() > 1 ? unitsInFlight / 2 : unitsInFlight;
  if (kind.weight == LAP_W4G32 && kind.input == LAP_ROWS_Q8 && rows > 1) {
    k.fewestBlocks(3);
  }
  forTokens(k, p, rows, [&](const TokenBlock &tokens) {
    if (rows == 1) {
      multiplyRow(k, p, tokens, inFlight);
      return;
    }
    k.ifThen(tokens.count == 1, [&] { multiplyRow(k, p, tokens, inFlight); });
    k.ifThen(tokens.count > 1, [&] { multiplyFewRows(k, p, tokens); });
  });
}

} // namespace

void addMatvecKernels(KernelList &list) {
  for (const ProductKind &kind : productKinds()) {
    const unsigned rows = matvecRows(kind);
    list.push_back({kind.namePrefix("matvec") + "16x" + std::to_string(rows) + "-cuda",
                    blockThreads,
                    {LAP_ROW_TILE, rows},
                    0,
                    [kind](KernelBuilder &k) { buildMatvec(k, kind); }});
  }
}

} // namespace lapidary::cuda
