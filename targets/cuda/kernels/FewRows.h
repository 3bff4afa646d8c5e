//===- FewRows.h - a matvec of 2 to 8 token rows ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Several sequences that are decoded at once, or the few tokens of a check of guesses, read each weight once for all of
// them: as in a matvec, the warps of a block share the columns of one row tile, but a unit is a step of mma operands
// (WeightFragments.h), and B comes from global memory. 28 instructions of a warp for the 288 bytes of a group of W4G32,
// so that memory limits this, not the issue of instructions.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_FEWROWS_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_FEWROWS_H

#include "targets/cuda/kernels/Product.h"

namespace lapidary::cuda {

constexpr unsigned matvecRows = 8; ///< most token rows of a block of a matvec

/// The block's tile times all its rows (at most matvecRows, formats of integers).
void multiplyFewRows(KernelBuilder &k, const Product &product, const TokenBlock &tokens);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_FEWROWS_H
