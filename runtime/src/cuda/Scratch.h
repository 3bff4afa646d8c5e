//===- Scratch.h - scratch memory the GPU drivers need ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The compiler plans lap_program.lane_scratch_bytes as the largest of these over a program's ops, rounded up to 64. The
// drivers lay out their scratch with the same constants. Ops that are not named here need none.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CUDA_SCRATCH_H
#define LAPIDARY_RUNTIME_CUDA_SCRATCH_H

#include <stdint.h>

namespace lap::cuda {

constexpr uint32_t SliceRows = 8; // most rows that one launch of the attention slices has

/// Slices of a launch: of `sliceKeys` positions each, aligned to multiples of that, for rows at positions below `reach`
/// that see `window` positions (0: all).
constexpr uint64_t attentionSlices(uint64_t reach, uint64_t window, uint64_t sliceKeys) {
  const uint64_t all = (reach + sliceKeys - 1) / sliceKeys;
  const uint64_t visible = window ? (window + sliceKeys - 2) / sliceKeys + 1 : all;
  return visible < all ? visible : all;
}

/// lap_gpu_attention's slices of one row: {maximum, total, sum[headDim]} floats for every head and slice.
constexpr uint64_t attentionRowBytes(uint64_t heads, uint64_t headDim, uint64_t slices) {
  return heads * slices * (headDim + 2) * 4;
}

/// lap_gpu_attention over a cache of `context` positions (lap_program.context): SliceRows rows; sliceKeys is the slice
/// kernel's tile[0].
constexpr uint64_t attentionScratchBytes(uint64_t heads, uint64_t headDim, uint64_t context, uint64_t window,
                                         uint64_t sliceKeys) {
  return SliceRows * attentionRowBytes(heads, headDim, attentionSlices(context, window, sliceKeys));
}

} // namespace lap::cuda

#endif // LAPIDARY_RUNTIME_CUDA_SCRATCH_H
