//===- AttentionMerge.h - what slices leave for their merge ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A slice's result for one query head is {float maximum, total, sum[head_dim]}: the largest score, the sum of the
// weights e^(score - maximum), and the sum of the values times their weights (runtime/src/cuda/Kernels.h).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_ATTENTIONMERGE_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_ATTENTIONMERGE_H

#include "targets/cuda/kernels/KernelList.h"

namespace lapidary::cuda {

constexpr unsigned partialSum = 8; ///< byte offset of sum

/// Distance of results in bytes.
inline Val partialBytes(Val headDim) { return (headDim + 2) * 4; }

void addAttentionMergeKernel(KernelList &list);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_ATTENTIONMERGE_H
