// Rows.h - rows between float and integers: embedding lookup and activation quantization.
// SPDX-License-Identifier: Apache-2.0
//
// Embed reads one row of a packed matrix (stride of its tile) or of a packed table (dense): the strides are the
// caller's, so one kernel serves both.
#ifndef LAPIDARY_TARGETS_COMMON_ALGORITHMS_ROWS_H
#define LAPIDARY_TARGETS_COMMON_ALGORITHMS_ROWS_H

#include "lapidary/ProgramAbi.h"
#include "targets/common/algorithms/Algorithm.h"

namespace lapidary {

/// w f32/uint16 [column] (any stride), scale f32 -> out f32 [column] = w * scale
struct EmbedFloat : Algorithm {
  explicit EmbedFloat(lap_format format);
  Halide::Var column{"column"};
  Halide::Func out{"out"};
};

/// weights uint8 [4 columns, block, group], weightScales uint16 (bf16) [group], scale f32
///   -> out f32 [4 columns, block, half, group], half: low and high nibbles (extent 1 for 8 bits)
/// out = (stored - zero point) * weightScale * scale
struct EmbedGroup : Algorithm {
  explicit EmbedGroup(lap_format format);
  Halide::Var c{"c"}, block{"block"}, half{"half"}, group{"group"};
  Halide::Func out{"out"};
  int blocks, halves;
};

/// x f32 [32 columns, group] -> scales f32 [group], sums int32 [group], values int8 [32 columns, group]
struct Quantize : Algorithm {
  Quantize();
  Halide::Var column{"column"}, group{"group"};
  Halide::Func largest{"largest"}, scales{"scales"}, sumOf{"sumOf"}, sums{"sums"}, values{"values"};
  Halide::RDom columns;
};

} // namespace lapidary

#endif
