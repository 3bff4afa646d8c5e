// Rows.cpp - rows between float and integers: embedding lookup and activation quantization.
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/algorithms/Rows.h"

#include "targets/common/PackedLayout.h"
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

EmbedGroup::EmbedGroup(lap_format format) {
  halves = format == LAP_W4G32 ? 2 : 1;
  blocks = LAP_GROUP / 4 / halves;
  ImageParam weights = inputBuffer("weights", UInt(8), 3);
  ImageParam weightScales = inputBuffer("weightScales", UInt(16), 1, {0});
  Param<float> scale("scale");
  Expr stored = weights(c, block, group);
  if (format == LAP_W4G32) {
    stored = select(half == 0, stored & cast<uint8_t>(15), stored >> 4);
  }
  Expr value = cast<float>(cast<int32_t>(stored) - zeroPoint(format));
  out(c, block, half, group) = value * fromBf16(weightScales(group)) * scale;
  shapeOutput(out, {1, 4, LAP_GROUP / 2, LAP_GROUP});
  arguments = {weights, weightScales, scale};
  outputs = {out};
}

Quantize::Quantize() {
  ImageParam x = inputBuffer("x", Float(32), 2, {1, LAP_GROUP});
  columns = RDom(0, LAP_GROUP, "columns");
  largest(group) = 0.0f;
  largest(group) = max(largest(group), abs(x(columns, group)));
  scales(group) = largest(group) / 127.0f;
  Expr quotient = x(column, group) / scales(group); // the scale of a group of (almost) zeros is 0
  Expr nearest = clamp(round(quotient), -127.0f, 127.0f);
  values(column, group) = select(scales(group) > 0.0f, cast<int8_t>(nearest), cast<int8_t>(0));
  sumOf(group) = 0;
  sumOf(group) += cast<int32_t>(values(columns, group));
  sums(group) = sumOf(group);
  shapeOutput(scales);
  shapeOutput(sums);
  shapeOutput(values, {1, LAP_GROUP});
  arguments = {x};
  outputs = {scales, sums, values};
}

} // namespace lapidary
