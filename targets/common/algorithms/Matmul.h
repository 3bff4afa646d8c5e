// Matmul.h - products of activation rows with packed weights.
// SPDX-License-Identifier: Apache-2.0
//
// One algorithm for one row (matvec) and for many (matmat): only schedules differ, and both add up the columns in
// order, one fused multiply-add each, so a row has the same bits however rows are batched.
#ifndef LAPIDARY_TARGETS_COMMON_ALGORITHMS_MATMUL_H
#define LAPIDARY_TARGETS_COMMON_ALGORITHMS_MATMUL_H

#include "lapidary/ProgramAbi.h"
#include "targets/common/algorithms/Algorithm.h"

namespace lapidary {

/// f32 activations, f32 or bf16 weights.
///   x f32 [column, token], w f32/uint16 [16 rows, column, tile] -> out f32 [16 rows, token, tile]
struct FloatMatmul : Algorithm {
  explicit FloatMatmul(lap_format format);
  Halide::Var row{"row"}, token{"token"}, tile{"tile"};
  Halide::Func sum{"sum"}, out{"out"};
  Halide::RDom column;
};

/// q8 activations, int8 or int4 weights in groups of 32 columns.
///   values int8 [column, token], scales f32 [group, token], sums int32 [group, token],
///   weightScales uint16 (bf16) [16 rows, group, tile],
///   weights uint8 [4 columns, 16 rows, block, group, tile] -> out f32 [16 rows, token, tile]
/// sum = sum over groups, in order: fma(float(dot), weightScale * scale, sum); the integer dot is exact.
struct GroupMatmul : Algorithm {
  explicit GroupMatmul(lap_format format);
  Halide::Var row{"row"}, token{"token"}, tile{"tile"}, group{"group"};
  Halide::Func dot{"dot"}, sum{"sum"}, out{"out"};
  Halide::RDom groups; // over the groups of a row
  Halide::RDom block;  // x: column of a block of 4, y: block of the group
};

} // namespace lapidary

#endif
