// Matmul.h - products of activation rows with packed weights.
// SPDX-License-Identifier: Apache-2.0
//
// One algorithm for one row (matvec) and for many (matmat): only schedules differ, and both add up the columns in
// order, one fused multiply-add each, so a row has the same bits however rows are batched. A call's tiles lie in one or
// more streams, at any distance from each other: several places of a matrix, so that memory is read from all of them.
#ifndef LAPIDARY_TARGETS_COMMON_ALGORITHMS_MATMUL_H
#define LAPIDARY_TARGETS_COMMON_ALGORITHMS_MATMUL_H

#include "lapidary/ProgramAbi.h"
#include "targets/common/algorithms/Algorithm.h"

namespace lapidary {

/// f32 activations, f32 or bf16 weights.
///   x f32 [column, token], w f32/uint16 [16 rows, column, tile, stream] -> out f32 [16 rows, token, tile, stream]
struct FloatMatmul : Algorithm {
  explicit FloatMatmul(lap_format format);
  Halide::Var row{"row"}, token{"token"}, tile{"tile"}, stream{"stream"};
  Halide::Func sum{"sum"}, out{"out"};
  Halide::RDom column;
};

/// How a machine multiplies unsigned by signed bytes; both ways give the same integers.
enum class ByteProducts {
  Fours, ///< four products are added to an int32 (vpdpbusd, udot)
  Pairs  ///< two products are added in int16, saturating (vpmaddubsw): used where the sums of a group fit
};

/// The stages of a product whose activations are in one or in LAP_PLANES int8 planes. A kernel has both; which one runs
/// is the caller's choice (the extent of the planes), so neither costs the other anything.
struct PlaneStages {
  explicit PlaneStages(int planes) : planes(planes) {}
  int planes;
  Halide::Func sum{"sum"}; // f32 (row formats: f64) [row, token, tile, stream]
  Halide::Func dot{"dot"}; // int32; [row, plane, group, token, tile, stream], in row formats without the group
  Halide::Func part;       // what dot adds up: sums of pairs, or of one field
};

/// Group formats: int8 or int4 weights in groups of 32 columns, q8 rows (one plane) or q24 rows (three).
///   values int8 [column, plane, token], scales f32 [group, plane, token], sums int32 [group, plane, token],
///   weightScales uint16 (bf16) [16 rows, group, tile, stream],
///   weights uint8 [4 columns, 16 rows, block, group, tile, stream] -> out f32 [16 rows, token, tile, stream]
/// sum = sum over groups, in order, of the planes, in order: fma(float(dot), weightScale * scale, sum); the integer dot
/// is exact.
/// Where scales have steps, steps uint16 (bf16) [16 rows, tile, stream] stand before weightScales int8, and a sum is
/// multiplied by its row's step at the end: a power of two, so bits are those of weightScale * step in every term.
struct GroupMatmul : Algorithm {
  GroupMatmul(lap_format format, ByteProducts products);
  bool usesPairs; // of the int4 weights only: 8 pairs of |w| * |x| <= 15 * 127 stay below 2^15
  Halide::Var row{"row"}, plane{"plane"}, token{"token"}, tile{"tile"}, stream{"stream"}, group{"group"}, pair{"pair"};
  Halide::Func out{"out"};
  PlaneStages stages[2] = {
      PlaneStages(1),
      PlaneStages(LAP_PLANES)}; // part: int16 [pair, row, plane, group, token, tile, stream], not used with Fours
  Halide::Expr planeCount;
  Halide::RDom groups; // over the groups of a row
  Halide::RDom block;  // x: column of a block of 4 (of a pair), y: block of the group
  Halide::RDom pairs;  // the two pairs of a block of 4

private:
  void defineFours(PlaneStages &s, const Halide::ImageParam &weights, const Halide::ImageParam &values, bool nibbles);
  void definePairs(PlaneStages &s, const Halide::ImageParam &weights, const Halide::ImageParam &values);
};

/// Row formats: integers of 8, 4 or 2 bits with one scale per row. One plane is int8 rows with one scale; three
/// planes are r24 rows, 65536 * high + 256 * middle + low.
///   values int8 [column, plane, token], inputScales f32 [token] (any stride), weightScales f32 [16 rows, tile,
///   stream], weights uint8 [4 columns, 16 rows, block, tile, stream], step f32 -> out f32 [16 rows, token, tile,
///   stream]
/// y = (sum over the planes of dot * the plane's power of 256) * (inputScale * weightScale): the sum is an exact
/// integer, the two products are f64, so that a value near the middle between two steps is rounded as the definition
/// says whatever the machine. A step other than 0 rounds: step * clamp(round(y / step), -128, 127).
struct RowMatmul : Algorithm {
  RowMatmul(lap_format format, ByteProducts products, bool manyRows);
  static constexpr int maxTokens = 64; // of one call: the sums of their values are on the stack
  /// How the fields of a byte become bytes.
  enum class Fields {
    InPlace, ///< masked only, at 1, 4, 16, 64 times their value, a sum for each: the least work for a byte that is read
    Shifted, ///< at their value, one sum: the fewest registers for many rows
    Pairs    ///< as Shifted, products added in pairs in int16
  };
  Fields fields;
  int fieldCount; // integers in a byte
  Halide::Var row{"row"}, field{"field"}, plane{"plane"}, token{"token"}, tile{"tile"}, stream{"stream"}, pair{"pair"},
      step{"step"}, strand{"strand"};
  Halide::Func out{"out"};
  PlaneStages stages[2] = {
      PlaneStages(1),
      PlaneStages(LAP_PLANES)}; // part: InPlace int32 [row, field, plane, token, tile, stream],
                                // Pairs int16 [pair, row, step, plane, token, tile, stream] (step: a block of columns)
  Halide::Func strands{"strands"}, rowSum{"rowSum"}; // [plane, token]: sums of the values, for the zero point
  Halide::Expr planeCount, columns;
  Halide::RDom block;  // x: column of 4 (of a pair), y: field of the byte, z: block of 4 * fieldCount columns
  Halide::RDom blocks; // Pairs: x: pair, y: block
  Halide::RDom strandColumns, strandR, tailColumns; // of rowSum

private:
  void defineSums(const Halide::ImageParam &values);
  void define(PlaneStages &s, const Halide::ImageParam &weights, const Halide::ImageParam &values, lap_format format);
};

} // namespace lapidary

#endif
