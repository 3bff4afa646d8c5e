//===- FlashParts.h - the steps of attention of many rows --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Flash.cpp says how a block works. Its two products (K x queries, V x weights) are in FlashProducts.cpp, the running
// softmax between them in FlashSoftmax.cpp.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_FLASHPARTS_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_FLASHPARTS_H

#include "targets/cuda/kernels/CacheOperands.h"

namespace lapidary::cuda::flash {

constexpr unsigned tileSets = 4, tileKeys = tileSets * setElements, tileSteps = tileKeys / sumSteps;
constexpr unsigned queries = 8;     // of a product
constexpr unsigned queryWords = 64; // of 8 queries and one step: [2][8 queries][4]

/// What is fixed when the kernel is built.
struct Shape {
  lap_format format;
  unsigned rows, warps, headDim; // headDim: the largest

  unsigned parts() const { return format == LAP_F32 ? 3 : 2; }
  unsigned tiles() const { return rows / queries; }
  /// Groups of 8 rows that a warp has in either product.
  unsigned scoreTiles() const { return tiles() * tileSets / warps; }
  unsigned valueTiles() const { return tiles() * (headDim / setElements) / warps; }
  // Shared memory, in bytes.
  unsigned queryPart() const { return headDim / sumSteps * tiles() * queryWords * 4; }
  unsigned weightPart() const { return tileSteps * tiles() * queryWords * 4; }
  unsigned weightsAt() const { return parts() * queryPart(); }
  unsigned maximaAt() const { return weightsAt() + parts() * weightPart(); } // float [rows][tileSets]
  unsigned factorsAt() const { return maximaAt() + rows * tileSets * 4; }    // float [rows]
  unsigned sharedBytes() const { return factorsAt() + rows * 4; }
};

/// What is known of a block when its code is built.
struct Block {
  KernelBuilder &k;
  Shape shape;
  Lane lane;
  Val warp, shared;
  Val slots = {}, headDim = {}, window = {}, queryStep = {};
  Val query = {}, queryBytes = {}; // the head's columns of the first row
  Val keyBase = {}, valueBase = {};
  Val validRows = {};           // 1..R
  Val position = {}, last = {}; // of the first and of the last valid row
  Val first = {};               // first key that is seen
  Val firstRing = {};           // where its block of 16 is in the ring

  Val scoreSet() const { return warp % tileSets; }
  Val firstScoreTile() const { return warp / tileSets * shape.scoreTiles(); }
  Val valueSet() const { return warp % (shape.headDim / setElements); }
  Val firstValueTile() const { return warp / (shape.headDim / setElements) * shape.valueTiles(); }
  /// First of the lane's two rows in a group of 8.
  Val rowOf(Val tile) const { return tile * queries + lane.t * 2; }
};

/// What a lane carries from tile to tile.
struct State {
  Vals maxima, totals; // of two rows for each of scoreTiles; totals: of the lane's own keys
  Vals sums;           // productFloats for each of valueTiles

  Vals all() const {
    Vals result(maxima);
    result.append(totals);
    result.append(sums);
    return result;
  }
  static State from(const Shape &shape, llvm::ArrayRef<Val> all) {
    const unsigned count = shape.scoreTiles() * 2;
    return {Vals(all.take_front(count)), Vals(all.slice(count, count)), Vals(all.drop_front(2 * count))};
  }
};

/// The lane's steps of the tile's keys for its columns.
CacheSteps valueSteps(const Block &f, Val tileStart);

/// Scores of the warp's keys and rows: productFloats for each of scoreTiles; keys that a row does not see are `unseen`.
Vals computeScores(const Block &f, Val tileStart);

/// Scores to weights in shared memory; the state's maxima and totals become those of all keys so far, and the factors
/// for the sums so far are in shared memory. All threads of the block.
void computeWeights(const Block &f, llvm::ArrayRef<Val> scores, State &state);

/// sums * factors + the tile's values x weights; `start` is the operand of the first of `steps`.
Vals addValues(const Block &f, const CacheSteps &steps, const RawOperand &start, llvm::ArrayRef<Val> sums);

/// Leaves `valueStep` / total of every row where the factors were. All threads of the block.
void shareTotals(const Block &f, const State &state, Val valueStep);

} // namespace lapidary::cuda::flash

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_FLASHPARTS_H
