// Rows.h - rows between float and integers: embedding lookup and activation quantization.
// SPDX-License-Identifier: Apache-2.0
//
// Embed reads one row of a packed matrix (stride of its tile) or of a packed table (dense): the strides are the
// caller's, so one kernel serves both.
#ifndef LAPIDARY_TARGETS_COMMON_ALGORITHMS_ROWS_H
#define LAPIDARY_TARGETS_COMMON_ALGORITHMS_ROWS_H

#include "lapidary/ProgramAbi.h"
#include "targets/common/PackedLayout.h"
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
/// out = integer * weightScale * scale. Where scales have steps, weightScales are int8 and the row's step is in scale.
struct EmbedGroup : Algorithm {
  explicit EmbedGroup(lap_format format, IntegerCode code = IntegerCode::Offset);
  Halide::Var c{"c"}, block{"block"}, half{"half"}, group{"group"};
  Halide::Func out{"out"};
  int blocks, halves;
};

/// weights uint8 [4 bytes, block], weightScale, scale f32
///   -> out f32 [4 bytes, field, block] (any strides), field: the integers of a byte
/// out = integer * weightScale * scale. The columns of a byte are neighbours in a table and 4 apart in a
/// tile, which the strides of the output say.
struct EmbedRow : Algorithm {
  explicit EmbedRow(lap_format format, IntegerCode code = IntegerCode::Offset);
  Halide::Var c{"c"}, field{"field"}, block{"block"};
  Halide::Func out{"out"};
  int fields;
};

/// x f32 [32 columns, group] -> scales f32 [group], sums int32 [group], values int8 [32 columns, group]
struct Quantize : Algorithm {
  /// residual: a further plane. Takes firstScales f32 [group], firstValues int8 [32 columns, group] after x, quantizes
  /// rest = x - firstScale * firstValue, and writes rest f32 [32 columns, group] before the others.
  explicit Quantize(bool residual);
  Halide::Var column{"column"}, group{"group"}, strand{"strand"};
  /// The largest magnitudes of columns strand, strand + 16; then of strand, strand + 8, ..; at last of all columns.
  std::vector<Halide::Func> largest;
  Halide::Func scales{"scales"}, sumOf{"sumOf"}, sums{"sums"}, values{"values"};
  Halide::Func rest{"rest"};
  Halide::RDom columns;
};

/// x f32 [column] -> scale f32 [1], high, middle, low int8 [column]:
/// 65536 * high + 256 * middle + low = round(x / scale), scale = max|x| / (127 * 65536)
struct QuantizeRow : Algorithm {
  QuantizeRow();
  Halide::Var column{"column"}, strand{"strand"}, one{"one"};
  Halide::Func largest{"largest"}, most{"most"}, scale{"scale"}, high{"high"}, middle{"middle"}, low{"low"};
  Halide::RDom columns, strandR;
};

} // namespace lapidary

#endif
