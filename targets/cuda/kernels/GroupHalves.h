//===- GroupHalves.h - integers with scales as f16 ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Operands of f16 products from group formats: integer times scale, where a power of two for each row brings the row's
// largest scale to where no product with an integer overflows. Nothing leaves f16's range upwards, whatever the
// scales; scales of a row of which one is 2^-21 (4 bits: 2^-28) of the largest still give normal numbers:
//   weights of 4 bits    4 bits times the 8 of a bf16 or the 7 of an int8: exact
//   weights of 8 bits    rounded once, 2^-11 of the weight at most
//   q8 activations       rounded once, 2^-11 of the activation at most: the scale is a sum of two f16
// int8 scales need no power: they are multiplied as they are, and the sums by their rows' steps.
//
// Integers become f16 without conversions: of the numbers from 1024 to 2047 the last bit is 1, so the bits of an
// integer (with half its range added, which is turning its sign) are put under those of 1024, and what is too much is
// subtracted. A LOP3 does so for two integers that are 16 bits apart: of four in the bytes of a word, the even or
// (behind a shift) the odd ones. So 16 columns are in this order in both operands: 0, 2, .., 14, 1, 3, .., 15. An
// instruction has room for one constant, and ptxas makes two of the LOP3 where it knows mask and bits; so it is kept
// from knowing.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_GROUPHALVES_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_GROUPHALVES_H

#include "targets/cuda/kernels/WeightFragments.h"

namespace lapidary::cuda {

/// The bits (i32) of the f32 power of two that brings scales of a row to where integers of `bits` bits times them stay
/// at 2^15 or below. `largest`: the bits of the largest one's magnitude.
Val rowPower(KernelBuilder &k, Val largest, unsigned bits);
/// The bits of its reciprocal.
Val inversePower(KernelBuilder &k, Val power);

class GroupHalves {
public:
  /// `columns`: a multiple of 32, a parameter of the kernel.
  GroupHalves(KernelBuilder &k, Val columns);

  /// 16 int8 (vector of 4 i32) times `scale` (f32): [even columns, odd columns][4] i32, two f16 each.
  Vals ofInputs(Val words, Val scale) const;
  /// A lane's weights of a group as operands A of two m64nNk16: [2][4] i32. `loaded`: as `fragments` does. `scales`: of
  /// the lane's two rows, each twice as f16.
  Vals ofWeights(const WeightFragments &fragments, llvm::ArrayRef<Val> loaded, std::pair<Val, Val> scales) const;
  /// A scale twice as f16: from f32, or from byte `index` of a word of int8.
  Val twice(Val scale) const;
  Val twice(Val word, unsigned index) const;

private:
  /// The whole numbers in bytes 0 and 2 of a word, or in the low or high halves of these bytes.
  Val wholeBytes(Val word) const;
  Val wholeNibbles(Val word, bool high) const;

  KernelBuilder &k;
  Val bytesAbove, nibblesAbove; ///< 1024 by sign-turned integers, when these are 0
};

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_GROUPHALVES_H
