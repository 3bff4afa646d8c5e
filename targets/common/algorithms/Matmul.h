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

/// How a machine multiplies unsigned by signed bytes; both ways give the same integers.
enum class ByteProducts {
  Fours, ///< four products are added to an int32 (vpdpbusd, udot)
  Pairs  ///< two products are added in int16, saturating (vpmaddubsw): used where the sums of a group fit
};

/// q8 activations, int8 or int4 weights in groups of 32 columns.
///   values int8 [column, token], scales f32 [group, token], sums int32 [group, token],
///   weightScales uint16 (bf16) [16 rows, group, tile],
///   weights uint8 [4 columns, 16 rows, block, group, tile] -> out f32 [16 rows, token, tile]
/// sum = sum over groups, in order: fma(float(dot), weightScale * scale, sum); the integer dot is exact.
struct GroupMatmul : Algorithm {
  GroupMatmul(lap_format format, ByteProducts products);
  bool usesPairs; // of the int4 weights only: 8 pairs of |w| * |x| <= 15 * 127 stay below 2^15
  Halide::Var row{"row"}, token{"token"}, tile{"tile"}, group{"group"}, pair{"pair"};
  Halide::Func pairSum{"pairSum"}; // int16 [pair, row, group, token, tile]; not used with Fours
  Halide::Func dot{"dot"}, sum{"sum"}, out{"out"};
  Halide::RDom groups; // over the groups of a row
  Halide::RDom block;  // x: column of a block of 4 (of a pair), y: block of the group
  Halide::RDom pairs;  // the two pairs of a block of 4

private:
  void defineFours(const Halide::ImageParam &weights, const Halide::ImageParam &values, bool nibbles);
  void definePairs(const Halide::ImageParam &weights, const Halide::ImageParam &values);
};

} // namespace lapidary

#endif
