//===- FlashProducts.cpp - the two products of attention of many rows --------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Flash.cpp. Operand A comes from the caches (CacheOperands.h), operand B, queries or weights in parts of bf16,
// from shared memory.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/FlashParts.h"
#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda::flash {

namespace {

/// The B operand of group `tile` of 8 rows at `step`, from shared memory.
Parts loadParts(const Block &f, unsigned at, unsigned partBytes, Val step, Val tile) {
  KernelBuilder &k = f.k;
  const Val word = (step * f.shape.tiles() + tile) * queryWords + k.laneId();
  Parts parts(f.shape.parts());
  for (unsigned part = 0; part < parts.size(); ++part) {
    for (unsigned half = 0; half < 2; ++half) {
      parts[part][half] = k.load(k.i32Type(), f.shared, word * 4 + (at + part * partBytes + half * 128));
    }
  }
  return parts;
}

/// One step: sums of groups of 8 rows + operand x parts of shared memory.
Vals multiplyStep(const Block &f, const Operand &operand, unsigned at, unsigned partBytes, Val step, Val firstTile,
                  llvm::ArrayRef<Val> sums) {
  Vals result;
  for (unsigned tile = 0; tile * productFloats < sums.size(); ++tile) {
    const Parts parts = loadParts(f, at, partBytes, step, firstTile + tile);
    result.append(multiply(f.k, operand, parts, sums.slice(tile * productFloats, productFloats)));
  }
  return result;
}

/// Where block `block` of 16 positions, or the nearest one that is seen, is in the ring.
Val ringOf(const Block &f, Val block) {
  const Val firstBlock = f.first / LAP_ROW_TILE, seen = minimum(maximum(block, firstBlock), f.last / LAP_ROW_TILE);
  return ringBlock(f.firstRing, seen - firstBlock, f.slots / LAP_ROW_TILE);
}

/// The lane's steps of the columns for its keys of the tile.
CacheSteps keySteps(const Block &f, Val tileStart) {
  KernelBuilder &k = f.k;
  const Val start = tileStart + f.scoreSet() * setElements;
  const Val lane =
      ringOf(f, start / LAP_ROW_TILE + f.lane.block) * f.headDim * LAP_ROW_TILE + f.lane.t * LAP_ROW_TILE + f.lane.half;
  return {f.shape.format, f.keyBase,
          k.i32(0),       select(start <= f.last, f.headDim / sumSteps, k.i32(0)),
          k.i32(1),       [=](Val step) { return lane + step * (sumSteps * LAP_ROW_TILE); }};
}

} // namespace

CacheSteps valueSteps(const Block &f, Val tileStart) {
  KernelBuilder &k = f.k;
  const Val part = minimum(f.valueSet() * 4 + f.lane.block, f.headDim / LAP_ROW_TILE - 1);
  const Val lane = part * f.slots * LAP_ROW_TILE + f.lane.t * LAP_ROW_TILE + f.lane.half;
  const Val startBlock = tileStart / LAP_ROW_TILE;
  const Val steps = minimum(f.last / LAP_ROW_TILE - startBlock + 1, k.i32(tileSteps));
  const Val end = select(f.valueSet() * setElements < f.headDim, steps, k.i32(0));
  return {
      f.shape.format, f.valueBase,
      k.i32(0),       end,
      k.i32(1),       [=](Val step) {
            return lane + ringOf(f, startBlock + step) * (LAP_ROW_TILE * LAP_ROW_TILE); }};
}

Vals computeScores(const Block &f, Val tileStart) {
  KernelBuilder &k = f.k;
  const CacheSteps steps = keySteps(f, tileStart);
  Vals scores = walkSteps(k, steps, steps.load(k, steps.first), Vals(f.shape.scoreTiles() * productFloats, k.f32(0)),
                          [&](Val step, const Operand &operand, llvm::ArrayRef<Val> sums) {
                            return multiplyStep(f, operand, 0, f.shape.queryPart(), step, f.firstScoreTile(), sums);
                          });
  const Val firstKey = tileStart + f.scoreSet() * setElements + f.lane.g * 8;
  for (unsigned index = 0; index < scores.size(); ++index) {
    const unsigned tile = index / productFloats, i = index / 4 % 4, upper = index / 2 % 2, column = index % 2;
    const Val key = firstKey + (i + upper * 4);
    const Val distance = f.position + f.rowOf(f.firstScoreTile() + tile) + column - key;
    scores[index] = select((distance >= 0) & (distance < f.window), scores[index], k.f32(unseen));
  }
  return scores;
}

Vals addValues(const Block &f, const CacheSteps &steps, const RawOperand &start, llvm::ArrayRef<Val> sums) {
  KernelBuilder &k = f.k;
  Vals scaled;
  for (unsigned tile = 0; tile < f.shape.valueTiles(); ++tile) {
    const Val row = f.rowOf(f.firstValueTile() + tile);
    const Val factors = k.load(k.vectorType(k.f32Type(), 2), f.shared, row * 4 + f.shape.factorsAt());
    for (unsigned index = 0; index < productFloats; ++index) {
      scaled.push_back(sums[tile * productFloats + index] * element(factors, index % 2));
    }
  }
  return walkSteps(k, steps, start, scaled, [&](Val step, const Operand &operand, llvm::ArrayRef<Val> before) {
    return multiplyStep(f, operand, f.shape.weightsAt(), f.shape.weightPart(), step, f.firstValueTile(), before);
  });
}

} // namespace lapidary::cuda::flash
