//===- WeightOffsets.h - places every packed weight in the segment ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Used by pack-weights, and again by lower-gemma-to-kernel after it added rotary frequencies.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_LAYOUT_WEIGHTOFFSETS_H
#define LAPIDARY_PASSES_LAYOUT_WEIGHTOFFSETS_H

#include "passes/TargetBackend.h"

namespace lapidary {

/// Sets the offset of every kernel.packed_weight of `module`: in the order of first use by a kernel.weight (weights
/// without a use after them), 64 bytes aligned, experts 4096; `gathered` ones last, the first at a multiple of 65536.
/// Sets `kernel.weight_bytes` (the segment) and `kernel.resident_weight_bytes` (all but the gathered part).
void assignWeightOffsets(mlir::ModuleOp module, const TargetBackend &target);

} // namespace lapidary

#endif // LAPIDARY_PASSES_LAYOUT_WEIGHTOFFSETS_H
