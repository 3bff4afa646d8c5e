//===- Matvec.cpp - products of one row, or of a few -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A block has one row tile (16 weight rows) and one token row, or up to 8 (integers: FewRows.h). Its warps share the
// columns, so that the few tiles of a narrow matrix still put enough bytes in flight: 256 threads x 4 loads x 16 bytes
// = 16 KiB a block, and an H100 needs 3.35 TB/s x 0.7 us / 132 SMs = 18 KiB an SM. Lanes keep sums of their own rows
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
constexpr int64_t prefetchBytes = 16 << 10;               // of a tile: what a block has in flight later

/// Weights of plain products are where the parameters say; of routed ones, where the kernel before says. The rest is
/// asked for when activations are: both take a trip to L2, and nothing is gained by holding weights in registers.
void prefetchTile(KernelBuilder &k, const Product &p) {
  if (!p.kind.routed) {
    Val bytes = minimum(p.tileBytes, k.i64(prefetchBytes));
    k.prefetchWeights(p.weights + toInt(k.blockX(), 64) * p.tileBytes, toInt(bytes, 32));
  }
}

/// Adds the sums of lanes with the same rows in a warp, and puts them into shared memory: [warp][sum][row].
Val sumWarps(KernelBuilder &k, const MatvecLanes &lanes, Vals sums) {
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
  return parts;
}

/// The same of matvecRows token rows: a lane gives half of its sums away at each step, and is left with those of token
/// laneId / 4. They are added up as in sumWarps.
Val sumTokens(KernelBuilder &k, const MatvecLanes &lanes, Vals sums) {
  const unsigned quads = LAP_ROW_TILE / lanes.rowsPerLane;
  for (unsigned mask = 16; mask >= quads; mask /= 2) {
    const bool halve = sums.size() > lanes.rowsPerLane;
    const size_t kept = halve ? sums.size() / 2 : sums.size();
    Val upper = (k.laneId() & mask) != 0;
    for (size_t i = 0; i < kept; ++i) {
      Val mine = halve ? select(upper, sums[kept + i], sums[i]) : sums[i];
      Val given = halve ? select(upper, sums[i], sums[kept + i]) : sums[i];
      sums[i] = mine + k.shuffleXor(given, mask);
    }
    sums.resize(kept);
  }
  constexpr unsigned tokenBytes = LAP_ROW_TILE * 4;
  Val parts = k.shared(uint64_t(k.warps()) * matvecRows * tokenBytes, 16);
  k.ifThen(k.laneId() % 4 < quads, [&] {
    Val own = (k.warpId() * matvecRows + k.laneId() / 4) * tokenBytes + k.laneId() % quads * (lanes.rowsPerLane * 4);
    for (unsigned row = 0; row < lanes.rowsPerLane; ++row) {
      k.store(sums[row], parts, own + row * 4);
    }
  });
  k.barrier();
  return parts;
}

/// The total of `sum` (i32) of row threadIdx.x % 16, over the warps in their order.
Val sumBlock(KernelBuilder &k, const MatvecLanes &lanes, mlir::Type type, Val parts, Val sum) {
  Val at = k.threadId() % LAP_ROW_TILE * 4 + sum * (LAP_ROW_TILE * 4);
  Val total = k.load(type, parts, at);
  for (unsigned warp = 1; warp < k.warps(); ++warp) {
    total = total + k.load(type, parts, at + warp * (lanes.sumsPerRow * LAP_ROW_TILE * 4));
  }
  return total;
}

void multiplyRow(KernelBuilder &k, const Product &p, const TokenBlock &tokens, unsigned inFlight) {
  Val tile = tokens.weights + toInt(k.blockX(), 64) * p.tileBytes;
  Val input = inputRow(k, p, tokens, k.i32(0)), output = outputRow(k, p, tokens, k.i32(0));
  Val step = hasScaleSteps(p.kind.weight) ? scaleStep(k, tile, k.threadId() % LAP_ROW_TILE) : Val();
  std::unique_ptr<MatvecLanes> lanes = MatvecLanes::create(k, p, tile, input);
  Vals sums = sumUnits(k, *lanes, p.columns, inFlight), totals;
  Val parts = sumWarps(k, *lanes, sums);
  for (unsigned sum = 0; sum < lanes->sumsPerRow; ++sum) {
    totals.push_back(sumBlock(k, *lanes, sums[0].type(), parts, k.i32(sum)));
  }
  k.ifThen(k.threadId() < LAP_ROW_TILE, [&] {
    Val row = k.blockX() * LAP_ROW_TILE + k.threadId(), result = totals[0];
    if (isRowScaled(p.kind.weight)) {
      result = scaleRowSums(k, p, totals, IntegerWeights(p.kind.weight).factor, k.loadFloat(tile, k.threadId()),
                            rowInputScale(k, p, input), row);
    }
    k.storeFloat(step ? result * step : result, output, row);
  });
}

/// Rows of floats have the bits that each has alone: lanes, warps and their order are those of multiplyRow.
void multiplyFloatRows(KernelBuilder &k, const Product &p, const TokenBlock &tokens) {
  Val tile = tokens.weights + toInt(k.blockX(), 64) * p.tileBytes;
  Vals offsets;
  for (unsigned row = 0; row < matvecRows; ++row) { // those that do not exist are the last one once more
    offsets.push_back(toInt(inputRow(k, p, tokens, minimum(k.i32(row), tokens.count - 1)) - p.x, 32));
  }
  std::unique_ptr<MatvecLanes> lanes = MatvecLanes::createFloats(k, p.kind.weight, tile, p.x, offsets);
  Val parts = sumTokens(k, *lanes, sumUnits(k, *lanes, p.columns, unitsInFlight));
  Val token = k.threadId() / LAP_ROW_TILE, row = k.blockX() * LAP_ROW_TILE + k.threadId() % LAP_ROW_TILE;
  k.ifThen(token < tokens.count,
           [&] { k.storeFloat(sumBlock(k, *lanes, k.f32Type(), parts, token), outputRow(k, p, tokens, token), row); });
}

void buildMatvec(KernelBuilder &k, const ProductKind &kind) {
  Product p(k, kind);
  prefetchTile(k, p);
  const unsigned inFlight = kind.planes() > 1 ? unitsInFlight / 2 : unitsInFlight;
  if (isGrouped(kind.weight) && integerBits(kind.weight) == 4 && kind.input == LAP_ROWS_Q8) {
    k.fewestBlocks(3);
  } else if (kind.planes() == 0) {
    k.fewestBlocks(2); // 32 KiB in flight
  }
  forFewTokens(k, p, matvecRows, [&](const TokenBlock &tokens) {
    k.ifThen(tokens.count == 1, [&] { multiplyRow(k, p, tokens, inFlight); });
    k.ifThen(tokens.count > 1, [&] { (kind.planes() == 0 ? multiplyFloatRows : multiplyFewRows)(k, p, tokens); });
  });
}

} // namespace

void addMatvecKernels(KernelList &list) {
  for (const ProductKind &kind : productKinds()) {
    list.push_back({kind.namePrefix("matvec") + "16x" + std::to_string(matvecRows) + "-cuda",
                    blockThreads,
                    {LAP_ROW_TILE, matvecRows},
                    0,
                    [kind](KernelBuilder &k) { buildMatvec(k, kind); }});
  }
}

} // namespace lapidary::cuda
