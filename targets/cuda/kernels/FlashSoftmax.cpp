//===- FlashSoftmax.cpp - the running softmax of attention of many rows ------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Flash.cpp. A row's keys lie with the lanes of four or eight warps: they are combined in a lane, then in the warp,
// then in shared memory.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/FlashParts.h"
#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda::flash {

namespace {

/// Combines the lane's scores of row `column` (0, 1) of group `tile`.
Val combineKeys(llvm::ArrayRef<Val> values, unsigned tile, unsigned column, KernelBuilder::Combine combine) {
  Val result;
  for (unsigned i = 0; i < 8; ++i) {
    const Val value = values[tile * productFloats + i * 2 + column];
    result = result ? combine(result, value) : value;
  }
  return result;
}

/// The values of all lanes of a warp that have the same rows.
Val combineLanes(KernelBuilder &k, Val value, KernelBuilder::Combine combine) {
  for (unsigned mask : {4, 8, 16}) {
    value = combine(value, k.shuffleXor(value, mask));
  }
  return value;
}

/// Each warp leaves a number per row; after a barrier every lane has all warps' numbers of its rows, combined.
Vals meet(const Block &f, llvm::ArrayRef<Val> own, KernelBuilder::Combine combine) {
  KernelBuilder &k = f.k;
  for (unsigned index = 0; index < own.size(); ++index) {
    const Val value = combineLanes(k, own[index], combine);
    const Val row = f.rowOf(f.firstScoreTile() + index / 2) + index % 2;
    k.ifThen(f.lane.g == 0,
             [&] { k.store(value, f.shared, (row * tileSets + f.scoreSet()) * 4 + f.shape.maximaAt()); });
  }
  k.barrier();
  Vals result;
  for (unsigned index = 0; index < own.size(); ++index) {
    const Val row = f.rowOf(f.firstScoreTile() + index / 2) + index % 2;
    const Val four = k.load(k.vectorType(k.f32Type(), tileSets), f.shared, row * (tileSets * 4) + f.shape.maximaAt());
    result.push_back(combine(combine(element(four, 0), element(four, 1)), combine(element(four, 2), element(four, 3))));
  }
  return result;
}

/// Stores the weights of group `tile` as the B operand of the values: keys j and j + 4 of the lane's 8 in a word.
void storeWeights(const Block &f, llvm::ArrayRef<Val> weights, unsigned tile) {
  KernelBuilder &k = f.k;
  const unsigned parts = f.shape.parts();
  const Val step = f.scoreSet() * 4 + f.lane.block;
  for (unsigned column = 0; column < 2; ++column) {
    std::array<Vals, 3> words;
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned at = tile * productFloats + i * 4 + column;
      const Vals low = splitFloat(k, weights[at], parts), high = splitFloat(k, weights[at + 2], parts);
      for (unsigned part = 0; part < parts; ++part) {
        words[part].push_back(packHigh(k, low[part], high[part]));
      }
    }
    const Val word = (step * f.shape.tiles() + f.firstScoreTile() + tile) * queryWords + f.lane.half * 4 +
                     (f.lane.t * 2 + column) * 4;
    for (unsigned part = 0; part < parts; ++part) {
      k.store(vectorOf(words[part]), f.shared, word * 4 + (f.shape.weightsAt() + part * f.shape.weightPart()));
    }
  }
}

} // namespace

void computeWeights(const Block &f, llvm::ArrayRef<Val> scores, State &state) {
  KernelBuilder &k = f.k;
  Vals own;
  for (unsigned index = 0; index < state.maxima.size(); ++index) {
    own.push_back(combineKeys(scores, index / 2, index % 2, larger));
  }
  const Vals met = meet(f, own, larger);
  Vals weights(scores);
  for (unsigned index = 0; index < met.size(); ++index) {
    const unsigned tile = index / 2, column = index % 2;
    const Val largest = maximum(state.maxima[index], met[index]);
    const Val factor = softmaxWeight(k, state.maxima[index], largest);
    for (unsigned i = 0; i < 8; ++i) {
      Val &weight = weights[tile * productFloats + i * 2 + column];
      weight = softmaxWeight(k, weight, largest);
    }
    state.maxima[index] = largest;
    state.totals[index] = fusedMulAdd(state.totals[index], factor, combineKeys(weights, tile, column, sum));
    k.ifThen((f.lane.g == 0) & (f.scoreSet() == 0), [&] {
      k.store(factor, f.shared, (f.rowOf(f.firstScoreTile() + tile) + column) * 4 + f.shape.factorsAt());
    });
  }
  for (unsigned tile = 0; tile < f.shape.scoreTiles(); ++tile) {
    storeWeights(f, weights, tile);
  }
}

void shareTotals(const Block &f, const State &state, Val valueStep) {
  KernelBuilder &k = f.k;
  const Vals totals = meet(f, state.totals, sum);
  k.ifThen((f.lane.g == 0) & (f.scoreSet() == 0), [&] {
    for (unsigned index = 0; index < totals.size(); ++index) {
      const Val row = f.rowOf(f.firstScoreTile() + index / 2) + index % 2;
      k.store(valueStep / totals[index], f.shared, row * 4 + f.shape.factorsAt());
    }
  });
  k.barrier();
}

} // namespace lapidary::cuda::flash
