//===- WeightFragments.h - integer weights as operands of mma ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A step is what four blocks of words of a tile hold: 32 columns, of 2-bit integers 64. Lane 4 g + t loads the words of
// rows 2 g and 2 g + 1 of block t (of 8-bit integers also of block t + 4), and two fields of a word are the two quads
// of an operand A of m16n8k32, whose k is 4 t .. 4 t + 3 and 16 + 4 t .. : so a word is all that a lane needs, and B
// has the activations of the same columns.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_WEIGHTFRAGMENTS_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_WEIGHTFRAGMENTS_H

#include "targets/cuda/kernels/IntegerWeights.h"

namespace lapidary::cuda {

class WeightFragments {
public:
  /// `g`, `t`: of the lane.
  WeightFragments(KernelBuilder &k, lap_format format, Val columns, Val g, Val t);

  const IntegerWeights integers;
  const unsigned stepColumns;
  const unsigned products;     ///< mma's of a step
  const unsigned bytesPerLane; ///< of activations that a lane loads at once

  /// Where a lane's words of a step are in a tile: of pairs of rows, then (group formats) of their scales. Steps behind
  /// the last one have places of others.
  Vals places(Val step) const;
  /// Loads a lane's words of a step, and in group formats the scales of its two rows (an i32 with both in its lower
  /// bytes, last). Steps behind the last one give what is somewhere in the tile.
  Vals load(Val tile, Val step) const;
  /// The operand A of one of the step's products, at `integers.factor` times its value.
  Vals operandA(llvm::ArrayRef<Val> loaded, unsigned product) const;
  /// The operands B of all products: 2 words each. `load` gives the activations of a token from a column of the step
  /// on.
  Vals operandsB(llvm::function_ref<Val(mlir::Type, Val column)> load) const;
  /// The scales of the lane's two rows, f32; in steps of their rows where the format has these.
  std::pair<Val, Val> scales(llvm::ArrayRef<Val> loaded) const;
  /// The steps of the lane's two rows, f32 (hasScaleSteps).
  std::pair<Val, Val> steps(Val tile) const;

private:
  Val loadScales(Val tile, Val place) const;

  KernelBuilder &k;
  Val columns, g, t;
};

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_WEIGHTFRAGMENTS_H
