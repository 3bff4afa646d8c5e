//===- Norms.h - the norm and the rotation of a head -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Parts of Norms.cpp for kernels that norm and do something else besides. Sums of squares depend on the threads of a
// block: kernels that shall agree on every bit have the same number of them.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_NORMS_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_NORMS_H

#include "targets/cuda/kernels/KernelBuilder.h"

namespace lapidary::cuda {

constexpr unsigned normThreads = 256; ///< of a block that norms a head

/// 1 / sqrt(mean of squares + epsilon) of the floats x[columns], where the mean divides by `width`. All threads of the
/// block.
Val normFactor(KernelBuilder &k, Val x, Val columns, Val width, Val epsilon);

/// Elements `pair` and `pairs + pair` of a head.
struct HeadPair {
  Val low, high;
};
/// x * factor * w of a head of 2 `pairs` columns, rotated by the cosines and sines at `angles`
/// (kernel.rotary_table's row).
HeadPair rotatedPair(KernelBuilder &k, Val x, Val factor, Val w, Val angles, Val pair, Val pairs);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_NORMS_H
