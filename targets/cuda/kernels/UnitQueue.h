//===- UnitQueue.h - keeps a matvec's loads in flight -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What was asked for is carried around the loop: ptxas would move loads down to where their values are used, to save
// registers, and a lane would wait for one load after the other.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_UNITQUEUE_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_UNITQUEUE_H

#include "targets/cuda/kernels/MatvecLanes.h"

namespace lapidary::cuda {

/// The sums of this lane over its units of a row of `columns`: the warps of the block, and the parts of a warp that
/// have a unit each, take turns. `inFlight` units are asked for before the first is added.
Vals sumUnits(KernelBuilder &k, UnitSums &lanes, Val columns, unsigned inFlight);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_UNITQUEUE_H
