// Matmul.cpp - products of activation rows with packed weights.
// SPDX-License-Identifier: Apache-2.0
//
// The integer dot multiplies unsigned weights with signed activations, what vpdpbusd does; the weights' zero point is
// taken out by starting from -zero * (sum of the group's activations). Nibbles are used at 16 times their value: the
// high one needs no shift then, and the full uint8 range keeps Halide from narrowing the product to 16 bits. The factor
// is a power of two, so scaling it away is exact. Machines without that instruction add pairs of products in int16,
// which holds the nibbles' own values only.
//
// Row formats have one scale per row, so a row is one integer dot. For one activation row the bytes of the weights are
// only masked: field f counts 2^(f * bits) times its value, in a sum of its own that is shifted at the end, so a vector
// of weights costs one `and` and one dot instruction per field.
#include "targets/common/algorithms/Matmul.h"

#include "targets/common/PackedLayout.h"
#include "targets/common/algorithms/Math.h"

namespace lapidary {

using namespace Halide;

FloatMatmul::FloatMatmul(lap_format format) {
  ImageParam x = inputBuffer("x", Float(32), 2);
  ImageParam w = inputBuffer("w", format == LAP_F32 ? Type(Float(32)) : Type(UInt(16)), 4, {1, LAP_ROW_TILE});
  column = RDom(0, x.dim(0).extent(), "column");
  sum(row, token, tile, stream) = 0.0f;
  sum(row, token, tile, stream) =
      fusedMulAdd(asFloat(w(row, column, tile, stream)), x(column, token), sum(row, token, tile, stream));
  out(row, token, tile, stream) = sum(row, token, tile, stream);
  w.dim(0).set_extent(LAP_ROW_TILE);
  shapeOutput(out, {1, 0, LAP_ROW_TILE});
  arguments = {x, w};
  outputs = {out};
}

namespace {
/// `bits & mask`, written so that Halide does not see a bound below 128: it would multiply int8 by int8, which has no
/// instruction. LLVM makes it one `and` again.
Expr keepBits(const Expr &bits, const Expr &mask) { return bits ^ (bits & ~mask); }

Func named(const char *name, int planes) { return Func(name + std::to_string(planes)); }
} // namespace

void GroupMatmul::defineFours(PlaneStages &s, const ImageParam &weights, const ImageParam &values, bool nibbles) {
  Expr stored = weights(block.x, row, block.y, group, tile, stream);
  Expr column = group * LAP_GROUP + block.y * 4 + block.x;
  auto add = [&](const Expr &weight, const Expr &at) {
    s.dot(row, plane, group, token, tile, stream) += cast<int32_t>(weight) * cast<int32_t>(values(at, plane, token));
  };
  if (nibbles) {
    add(stored << 4, column);
    add(stored & cast<uint8_t>(0xf0), column + LAP_GROUP / 2);
  } else {
    add(stored, column);
  }
}

void GroupMatmul::definePairs(PlaneStages &s, const ImageParam &weights, const ImageParam &values) {
  Expr stored = weights(pair * 2 + block.x, row, block.y, group, tile, stream);
  Expr column = group * LAP_GROUP + block.y * 4 + pair * 2 + block.x;
  s.part(pair, row, plane, group, token, tile, stream) = cast<int16_t>(0);
  for (int half : {0, 1}) {
    Expr all = cast<uint8_t>(255);
    Expr weight = half == 0 ? keepBits(stored, cast<uint8_t>(0x0f)) : ((stored >> 4) ^ all) ^ all;
    Expr value = values(column + half * LAP_GROUP / 2, plane, token);
    Expr product = cast<int16_t>(weight) * cast<int16_t>(value);
    s.part(pair, row, plane, group, token, tile, stream) =
        saturating_add(s.part(pair, row, plane, group, token, tile, stream), product);
  }
  s.dot(row, plane, group, token, tile, stream) += cast<int32_t>(s.part(pairs, row, plane, group, token, tile, stream));
}

GroupMatmul::GroupMatmul(lap_format format, ByteProducts products) {
  const bool nibbles = integerBits(format) == 4, stepped = hasScaleSteps(format);
  usesPairs = nibbles && products == ByteProducts::Pairs;
  const int factor = nibbles && !usesPairs ? 16 : 1;
  ImageParam values = inputBuffer("values", Int(8), 3);
  ImageParam scales = inputBuffer("scales", Float(32), 3);
  ImageParam sums = inputBuffer("sums", Int(32), 3);
  const int stride = static_cast<int>(groupStride(format, LAP_ROW_TILE));
  const int scaleBytes = static_cast<int>(groupScaleBytes(format));
  ImageParam steps = inputBuffer("steps", UInt(16), 3);
  ImageParam weightScales =
      inputBuffer("weightScales", stepped ? Type(Int(8)) : Type(UInt(16)), 4, {1, stride / scaleBytes});
  ImageParam weights = inputBuffer("weights", UInt(8), 6, {1, 4, 4 * LAP_ROW_TILE, stride});
  planeCount = values.dim(1).extent();
  groups = RDom(0, scales.dim(0).extent(), "groups");
  block = RDom({{0, usesPairs ? 2 : 4}, {0, nibbles ? 4 : 8}}, "block");
  pairs = RDom(0, 2, "pairs");

  for (PlaneStages &s : stages) {
    s.part = named("pairSum", s.planes);
    s.dot(row, plane, group, token, tile, stream) = sums(group, plane, token) * -(zeroPoint(format) * factor);
    usesPairs ? definePairs(s, weights, values) : defineFours(s, weights, values, nibbles);
    s.sum(row, token, tile, stream) = 0.0f;
    Expr total = s.sum(row, token, tile, stream);
    for (int p = 0; p < s.planes; ++p) {
      Expr stored = weightScales(row, groups, tile, stream);
      Expr scale = (stepped ? cast<float>(stored) : fromBf16(stored)) * (scales(groups, p, token) * (1.0f / factor));
      total = fusedMulAdd(cast<float>(s.dot(row, p, groups, token, tile, stream)), scale, total);
    }
    s.sum(row, token, tile, stream) = total;
  }
  Expr total =
      select(planeCount == 1, stages[0].sum(row, token, tile, stream), stages[1].sum(row, token, tile, stream));
  out(row, token, tile, stream) = stepped ? total * fromBf16(steps(row, tile, stream)) : total;
  shapeOutput(out, {1, 0, LAP_ROW_TILE});
  arguments = {values, scales, sums, weightScales, weights};
  if (stepped) {
    arguments.insert(arguments.begin() + 3, steps);
  }
  outputs = {out};
}

// Four vectors of 8 sums of 4 columns side by side, and what is left of the row in 32s.
void RowMatmul::defineSums(const ImageParam &values) {
  const int wide = 4 * LAP_COLUMN_PAD;
  columns = values.dim(0).extent();
  strandColumns = RDom({{0, 4}, {0, columns / wide}}, "strandColumns");
  strandR = RDom(0, LAP_COLUMN_PAD, "strandR");
  tailColumns = RDom({{0, LAP_COLUMN_PAD}, {0, columns % wide / LAP_COLUMN_PAD}}, "tailColumns");
  strands(strand, plane, token) = 0;
  strands(strand, plane, token) +=
      cast<int32_t>(values(strandColumns.y * wide + strand * 4 + strandColumns.x, plane, token));
  rowSum(plane, token) = 0;
  rowSum(plane, token) += strands(strandR, plane, token);
  rowSum(plane, token) +=
      cast<int32_t>(values(columns / wide * wide + tailColumns.y * LAP_COLUMN_PAD + tailColumns.x, plane, token));
}

void RowMatmul::define(PlaneStages &s, const ImageParam &weights, const ImageParam &values, lap_format format) {
  const int bits = static_cast<int>(integerBits(format)), ones = (1 << bits) - 1;
  Expr zero = rowSum(plane, token) * -zeroPoint(format);
  s.part = named(fields == Fields::Pairs ? "pairSum" : "fieldSum", s.planes);
  auto shifted = [&](const Expr &stored, const Expr &index) {
    Expr low = stored >> cast<uint8_t>(index * bits);
    return fieldCount == 1 ? stored : keepBits(low, cast<uint8_t>(ones));
  };
  if (fields == Fields::InPlace) {
    Expr stored = weights(block.x, row, block.z, tile, stream);
    Expr weight = fieldCount == 1 ? stored : keepBits(stored, cast<uint8_t>(ones) << cast<uint8_t>(field * bits));
    Expr value = values((block.z * fieldCount + field) * 4 + block.x, plane, token);
    s.part(row, field, plane, token, tile, stream) = 0;
    s.part(row, field, plane, token, tile, stream) += cast<int32_t>(weight) * cast<int32_t>(value);
    Expr total = zero;
    for (int f = 0; f < fieldCount; ++f) {
      total += s.part(row, f, plane, token, tile, stream) >> (f * bits); // exact: a multiple of 2^(f * bits)
    }
    s.dot(row, plane, token, tile, stream) = total;
    return;
  }
  s.dot(row, plane, token, tile, stream) = zero;
  if (fields == Fields::Shifted) {
    Expr weight = shifted(weights(block.x, row, block.z, tile, stream), block.y);
    Expr value = values((block.z * fieldCount + block.y) * 4 + block.x, plane, token);
    s.dot(row, plane, token, tile, stream) += cast<int32_t>(weight) * cast<int32_t>(value);
    return;
  }
  Expr stored = weights(pair * 2 + block.x, row, step, tile, stream);
  s.part(pair, row, step, plane, token, tile, stream) = cast<int16_t>(0);
  for (int f = 0; f < fieldCount; ++f) {
    Expr value = values((step * fieldCount + f) * 4 + pair * 2 + block.x, plane, token);
    Expr product = cast<int16_t>(shifted(stored, f)) * cast<int16_t>(value);
    s.part(pair, row, step, plane, token, tile, stream) =
        saturating_add(s.part(pair, row, step, plane, token, tile, stream), product); // 8 products of 15 * 128 fit
  }
  s.dot(row, plane, token, tile, stream) += cast<int32_t>(s.part(blocks.x, row, blocks.y, plane, token, tile, stream));
}

RowMatmul::RowMatmul(lap_format format, ByteProducts products, bool manyRows) {
  fieldCount = static_cast<int>(integersPerByte(format));
  fields = products == ByteProducts::Pairs && fieldCount > 1 ? Fields::Pairs
           : manyRows                                        ? Fields::Shifted
                                                             : Fields::InPlace;
  ImageParam values = inputBuffer("values", Int(8), 3);
  ImageParam inputScales = inputBuffer("inputScales", Float(32), 1, {0});
  ImageParam weightScales = inputBuffer("weightScales", Float(32), 3);
  ImageParam weights = inputBuffer("weights", UInt(8), 5, {1, 4, 4 * LAP_ROW_TILE});
  Param<float> roundingStep("step");
  planeCount = values.dim(1).extent();
  Expr blockCount = values.dim(0).extent() / (4 * fieldCount);
  block = fields == Fields::Pairs ? RDom({{0, 2}}, "block") : RDom({{0, 4}, {0, fieldCount}, {0, blockCount}}, "block");
  if (fields == Fields::InPlace) {
    block = RDom({{0, 4}, {0, 1}, {0, blockCount}}, "block");
  }
  blocks = RDom({{0, 2}, {0, blockCount}}, "blocks");
  defineSums(values);
  Expr results[2];
  for (PlaneStages &s : stages) {
    define(s, weights, values, format);
    Expr total = cast<double>(0.0f);
    for (int p = 0; p < s.planes; ++p) {
      const double factor = static_cast<double>(1 << (8 * (s.planes - 1 - p)));
      total += cast<double>(s.dot(row, p, token, tile, stream)) * Expr(factor); // whole numbers below 2^53
    }
    s.sum(row, token, tile, stream) = total;
    results[s.planes == 1 ? 0 : 1] = s.sum(row, token, tile, stream);
  }
  Expr scale = cast<double>(inputScales(token)) * cast<double>(weightScales(row, tile, stream)); // exact
  Expr y = select(planeCount == 1, results[0], results[1]) * scale;
  Expr steps = clamp(round(y / cast<double>(roundingStep)), Expr(-128.0), Expr(127.0));
  out(row, token, tile, stream) = select(roundingStep == 0.0f, cast<float>(y), roundingStep * cast<float>(steps));
  shapeOutput(out, {1, 0, LAP_ROW_TILE});
  arguments = {values, inputScales, weightScales, weights, roundingStep};
  outputs = {out};
}

} // namespace lapidary
