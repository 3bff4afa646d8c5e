// Matmul.cpp - products of activation rows with packed weights.
// SPDX-License-Identifier: Apache-2.0
//
// The integer dot multiplies unsigned weights with signed activations, what vpdpbusd does; the weights' zero point is
// taken out by starting from -zero * (sum of the group's activations). Nibbles are used at 16 times their value: the
// high one needs no shift then, and the full uint8 range keeps Halide from narrowing the product to 16 bits. The factor
// is a power of two, so scaling it away is exact. Machines without that instruction add pairs of products in int16,
// which holds the nibbles' own values only.
#include "targets/common/algorithms/Matmul.h"

#include "targets/common/PackedLayout.h"
#include "targets/common/algorithms/Math.h"

namespace lapidary {

using namespace Halide;

FloatMatmul::FloatMatmul(lap_format format) {
  ImageParam x = inputBuffer("x", Float(32), 2);
  ImageParam w = inputBuffer("w", format == LAP_F32 ? Type(Float(32)) : Type(UInt(16)), 3, {1, LAP_ROW_TILE});
  column = RDom(0, x.dim(0).extent(), "column");
  sum(row, token, tile) = 0.0f;
  sum(row, token, tile) = fusedMulAdd(asFloat(w(row, column, tile)), x(column, token), sum(row, token, tile));
  out(row, token, tile) = sum(row, token, tile);
  w.dim(0).set_extent(LAP_ROW_TILE);
  shapeOutput(out, {1, 0, LAP_ROW_TILE});
  arguments = {x, w};
  outputs = {out};
}

void GroupMatmul::defineFours(const ImageParam &weights, const ImageParam &values, bool nibbles) {
  block = RDom({{0, 4}, {0, nibbles ? 4 : 8}}, "block");
  Expr stored = weights(block.x, row, block.y, group, tile);
  Expr column = group * LAP_GROUP + block.y * 4 + block.x;
  if (nibbles) {
    Expr low = stored << 4;
    Expr high = stored & cast<uint8_t>(0xf0);
    dot(row, group, token, tile) += cast<int32_t>(low) * cast<int32_t>(values(column, token));
    dot(row, group, token, tile) += cast<int32_t>(high) * cast<int32_t>(values(column + LAP_GROUP / 2, token));
  } else {
    dot(row, group, token, tile) += cast<int32_t>(stored) * cast<int32_t>(values(column, token));
  }
}

void GroupMatmul::definePairs(const ImageParam &weights, const ImageParam &values) {
  block = RDom({{0, 2}, {0, 4}}, "block");
  pairs = RDom(0, 2, "pairs");
  Expr stored = weights(pair * 2 + block.x, row, block.y, group, tile);
  Expr column = group * LAP_GROUP + block.y * 4 + pair * 2 + block.x;
  pairSum(pair, row, group, token, tile) = cast<int16_t>(0);
  for (int half : {0, 1}) {
    // Written so that Halide does not see the bound of 15: it would multiply int8 by int8, which has no instruction.
    Expr all = cast<uint8_t>(255);
    Expr weight = half == 0 ? stored ^ (stored & cast<uint8_t>(0xf0)) : ((stored >> 4) ^ all) ^ all;
    Expr product = cast<int16_t>(weight) * cast<int16_t>(values(column + half * LAP_GROUP / 2, token));
    pairSum(pair, row, group, token, tile) = saturating_add(pairSum(pair, row, group, token, tile), product);
  }
  dot(row, group, token, tile) += cast<int32_t>(pairSum(pairs, row, group, token, tile));
}

GroupMatmul::GroupMatmul(lap_format format, ByteProducts products) {
  const bool nibbles = format == LAP_W4G32;
  usesPairs = nibbles && products == ByteProducts::Pairs;
  const int factor = nibbles && !usesPairs ? 16 : 1;
  ImageParam values = inputBuffer("values", Int(8), 2);
  ImageParam scales = inputBuffer("scales", Float(32), 2);
  ImageParam sums = inputBuffer("sums", Int(32), 2);
  const int stride = static_cast<int>(groupStride(format, LAP_ROW_TILE));
  ImageParam weightScales = inputBuffer("weightScales", UInt(16), 3, {1, stride / 2});
  ImageParam weights = inputBuffer("weights", UInt(8), 5, {1, 4, 4 * LAP_ROW_TILE, stride});

  dot(row, group, token, tile) = sums(group, token) * -(zeroPoint(format) * factor);
  if (usesPairs) {
    definePairs(weights, values);
  } else {
    defineFours(weights, values, nibbles);
  }

  groups = RDom(0, scales.dim(0).extent(), "groups");
  Expr scale = fromBf16(weightScales(row, groups, tile)) * (scales(groups, token) * (1.0f / factor));
  sum(row, token, tile) = 0.0f;
  sum(row, token, tile) = fusedMulAdd(cast<float>(dot(row, groups, token, tile)), scale, sum(row, token, tile));
  out(row, token, tile) = sum(row, token, tile);
  shapeOutput(out, {1, 0, LAP_ROW_TILE});
  arguments = {values, scales, sums, weightScales, weights};
  outputs = {out};
}

} // namespace lapidary
