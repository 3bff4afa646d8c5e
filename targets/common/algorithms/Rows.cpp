// Rows.cpp - rows between float and integers: embedding lookup and activation quantization.
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/algorithms/Rows.h"

#include "targets/common/algorithms/Math.h"

namespace lapidary {

using namespace Halide;

EmbedFloat::EmbedFloat(lap_format format) {
  ImageParam w = inputBuffer("w", format == LAP_F32 ? Type(Float(32)) : Type(UInt(16)), 1, {0});
  Param<float> scale("scale");
  out(column) = asFloat(w(column)) * scale;
  shapeOutput(out);
  arguments = {w, scale};
  outputs = {out};
}

namespace {
/// The value of a stored integer, as float.
Expr toFloat(const Expr &stored, lap_format format, IntegerCode code) {
  return cast<float>((cast<int32_t>(stored) ^ flippedBits(format, code)) - zeroPoint(format));
}
} // namespace

EmbedGroup::EmbedGroup(lap_format format, IntegerCode code) {
  halves = static_cast<int>(integersPerByte(format));
  blocks = LAP_GROUP / 4 / halves;
  ImageParam weights = inputBuffer("weights", UInt(8), 3);
  const bool stepped = hasScaleSteps(format);
  ImageParam weightScales = inputBuffer("weightScales", stepped ? Type(Int(8)) : Type(UInt(16)), 1, {0});
  Param<float> scale("scale");
  Expr stored = weights(c, block, group);
  if (halves == 2) {
    stored = select(half == 0, stored & cast<uint8_t>(15), stored >> 4);
  }
  Expr own = weightScales(group);
  out(c, block, half, group) = toFloat(stored, format, code) * (stepped ? cast<float>(own) : fromBf16(own)) * scale;
  shapeOutput(out, {1, 4, LAP_GROUP / 2, LAP_GROUP});
  arguments = {weights, weightScales, scale};
  outputs = {out};
}

EmbedRow::EmbedRow(lap_format format, IntegerCode code) {
  const int bits = static_cast<int>(integerBits(format));
  fields = static_cast<int>(integersPerByte(format));
  ImageParam weights = inputBuffer("weights", UInt(8), 2);
  Param<float> weightScale("weightScale"), scale("scale");
  Expr stored = (weights(c, block) >> cast<uint8_t>(field * bits)) & cast<uint8_t>((1 << bits) - 1);
  out(c, field, block) = toFloat(stored, format, code) * weightScale * scale;
  shapeOutput(out, {0, 0, 4 * fields});
  arguments = {weights, weightScale, scale};
  outputs = {out};
}

Quantize::Quantize(bool residual) {
  ImageParam x = inputBuffer("x", Float(32), 2, {1, LAP_GROUP});
  ImageParam firstScales = inputBuffer("firstScales", Float(32), 1);
  ImageParam firstValues = inputBuffer("firstValues", Int(8), 2, {1, LAP_GROUP});
  Expr value = x(column, group);
  rest(column, group) =
      residual ? fusedMulAdd(-firstScales(group), cast<float>(firstValues(column, group)), value) : value;
  // By halves: Halide reduces a maximum of floats, unlike a sum of integers, one by one.
  for (int strands = LAP_GROUP / 2; strands >= 1; strands /= 2) {
    auto before = [&](const Expr &at) { return largest.empty() ? abs(rest(at, group)) : largest.back()(at, group); };
    Func half("largest" + std::to_string(strands));
    half(strand, group) = max(before(strand), before(strand + strands));
    largest.push_back(half);
  }
  scales(group) = largest.back()(0, group) / 127.0f;
  columns = RDom(0, LAP_GROUP, "columns");
  Expr quotient = rest(column, group) / scales(group); // the scale of a group of (almost) zeros is 0
  Expr nearest = clamp(round(quotient), -127.0f, 127.0f);
  values(column, group) = select(scales(group) > 0.0f, cast<int8_t>(nearest), cast<int8_t>(0));
  sumOf(group) = 0;
  sumOf(group) += cast<int32_t>(values(columns, group));
  sums(group) = sumOf(group);
  shapeOutput(scales);
  shapeOutput(sums);
  shapeOutput(values, {1, LAP_GROUP});
  arguments = {x};
  if (residual) {
    arguments.insert(arguments.end(), {firstScales, firstValues});
  }
  outputs = {scales, sums, values};
  if (residual) {
    shapeOutput(rest, {1, LAP_GROUP});
    outputs.insert(outputs.begin(), rest);
  }
}

QuantizeRow::QuantizeRow() {
  ImageParam x = inputBuffer("x", Float(32), 1);
  columns = RDom(0, x.dim(0).extent() / LAP_COLUMN_PAD, "columns");
  strandR = RDom(0, LAP_COLUMN_PAD, "strandR");
  largest(strand) = 0.0f;
  largest(strand) = max(largest(strand), abs(x(columns * LAP_COLUMN_PAD + strand)));
  most() = 0.0f;
  most() = max(most(), largest(strandR));
  constexpr float steps = 127.0f * 65536.0f; // below 2^23, so whole numbers are exact
  scale(one) = most() / steps;
  Expr quotient = clamp(round(x(column) / scale(0)), -steps, steps);
  Expr whole = select(scale(0) > 0.0f, cast<int32_t>(quotient), 0);
  Expr upper = (whole + 128) >> 8, top = (upper + 128) >> 8;
  high(column) = cast<int8_t>(top);
  middle(column) = cast<int8_t>(upper - (top << 8));
  low(column) = cast<int8_t>(whole - (upper << 8));
  shapeOutput(scale);
  shapeOutput(high);
  shapeOutput(middle);
  shapeOutput(low);
  arguments = {x};
  outputs = {scale, high, middle, low};
}

} // namespace lapidary
