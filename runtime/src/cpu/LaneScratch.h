//===- LaneScratch.h - scratch memory the drivers need, per lane ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// The compiler plans lap_program.lane_scratch_bytes as the largest of these over a program's ops, rounded up to 64. The
// drivers lay out their scratch with the same constants. Ops that are not named here need none.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CPU_LANESCRATCH_H
#define LAPIDARY_RUNTIME_CPU_LANESCRATCH_H

#include "lapidary/ProgramAbi.h"

namespace lap {

constexpr uint32_t AttentionQueries = 8;      // query rows of one attention kernel call
constexpr uint32_t AttentionRoundSlices = 16; // slices of a block between two merges, when lanes share its slices
constexpr uint32_t ExpertRows = 8;            // routed rows gathered for one product
constexpr uint32_t ExpertTiles = 16;          // row tiles of one expert product

/// Floats of one (maximum, total, sum) result of an attention slice.
constexpr uint64_t attentionResultFloats(uint64_t head_dim) { return AttentionQueries * (2 + head_dim); }

/// lap_op_attention: the query rows, their steps and visible ranges, the running state, the slices' results.
constexpr uint64_t attentionScratchBytes(uint64_t head_dim) {
  const uint64_t query = AttentionQueries * head_dim, perRow = 3 * AttentionQueries;
  const uint64_t state = 4 * AttentionQueries + AttentionQueries * head_dim;
  return (query + perRow + state + AttentionRoundSlices * attentionResultFloats(head_dim)) * 4;
}

/// lap_op_norm_rotary: one head.
constexpr uint64_t normRotaryScratchBytes(uint64_t head_dim) { return head_dim * 4; }

/// lap_op_expert_matmul: gathered input rows and one block of output.
constexpr uint64_t expertMatmulScratchBytes(uint64_t x_row_bytes) {
  return ExpertRows * (x_row_bytes + ExpertTiles * LAP_ROW_TILE * 4);
}

} // namespace lap

#endif // LAPIDARY_RUNTIME_CPU_LANESCRATCH_H
