// Norms.cpp - RMS norms and rotary embedding of one row (or one head of a row).
// SPDX-License-Identifier: Apache-2.0
//
// Weights multiply directly (w, not 1 + w) and after the factor, in the order of the reference implementation.
#include "targets/common/algorithms/Norms.h"

#include "targets/common/algorithms/Math.h"

namespace lapidary {

using namespace Halide;

void NormStages::defineFactor(const ImageParam &x, Expr width, Expr epsilon) {
  step = RDom(0, x.dim(0).extent() / 16, "step");
  strandR = RDom(0, 16, "strandR");
  strands(strand) = 0.0f;
  Expr value = x(step * 16 + strand);
  strands(strand) = fusedMulAdd(value, value, strands(strand));
  squares() = 0.0f;
  squares() += strands(strandR);
  factor() = 1.0f / sqrt(squares() / width + epsilon);
}

RmsNorm::RmsNorm(bool toIntegers) {
  ImageParam x = inputBuffer("x", Float(32), 1), w = inputBuffer("w", Float(32), 1);
  Param<float> width("width"), epsilon("epsilon");
  Param<int32_t> weightedParam("weighted");
  Param<float> rounding("step");
  defineFactor(x, width, epsilon);
  weighted = weightedParam;
  Expr value = x(column) * factor();
  Expr result = select(weighted == 1, value * w(column), value);
  out(column) = toIntegers ? toInt8(result, rounding) : result;
  shapeOutput(out);
  arguments = {x, w, width, epsilon, weightedParam};
  if (toIntegers) {
    arguments.push_back(rounding);
  }
  outputs = {out};
}

ResidualNorm::ResidualNorm() {
  ImageParam residual = inputBuffer("residual", Float(32), 1);
  ImageParam x = inputBuffer("x", Float(32), 1), w = inputBuffer("w", Float(32), 1);
  Param<float> width("width"), epsilon("epsilon"), scale("scale");
  defineFactor(x, width, epsilon);
  out(column) = (residual(column) + x(column) * factor() * w(column)) * scale;
  shapeOutput(out);
  arguments = {residual, x, w, width, epsilon, scale};
  outputs = {out};
}

NormRotary::NormRotary() {
  ImageParam x = inputBuffer("x", Float(32), 1), w = inputBuffer("w", Float(32), 1);
  ImageParam table = inputBuffer("table", Float(32), 2);
  Param<float> width("width"), epsilon("epsilon");
  defineFactor(x, width, epsilon);
  normed(column) = x(column) * factor() * w(column);
  Expr pairs = table.dim(0).extent();
  Expr first = normed(pair), second = normed(pair + pairs);
  Expr cosine = table(pair, 0), sine = table(pair, 1);
  out(pair, half) = select(half == 0, first * cosine - second * sine, second * cosine + first * sine);
  shapeOutput(out);
  arguments = {x, w, table, width, epsilon};
  outputs = {out};
}

} // namespace lapidary
