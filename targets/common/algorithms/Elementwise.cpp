// Elementwise.cpp - column-by-column algorithms on f32 rows.
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/algorithms/Elementwise.h"

#include "targets/common/algorithms/Math.h"

namespace lapidary {

using namespace Halide;

GeluMul::GeluMul(bool toIntegers) {
  Param<float> step("step");
  ImageParam gate = inputBuffer("gate", Float(32), 1), up = inputBuffer("up", Float(32), 1);
  Expr x = gate(column);
  // 0.5 x (1 + tanh u) = x * sigmoid(2u), u = sqrt(2 / pi) (x + 0.044715 x^3): no cancellation for negative x.
  Expr u = 0.79788456080286535588f * fusedMulAdd(x * x * x, 0.044715f, x);
  Expr result = x / (1.0f + exponential(u * -2.0f)) * up(column);
  out(column) = toIntegers ? toInt8(result, step) : result;
  shapeOutput(out);
  arguments = {gate, up};
  if (toIntegers) {
    arguments.push_back(step);
  }
  outputs = {out};
}

Add::Add() {
  ImageParam a = inputBuffer("a", Float(32), 1), b = inputBuffer("b", Float(32), 1);
  Param<float> scale("scale");
  out(column) = (a(column) + b(column)) * scale;
  shapeOutput(out);
  arguments = {a, b, scale};
  outputs = {out};
}

QuantizeStatic::QuantizeStatic() {
  ImageParam x = inputBuffer("x", Float(32), 1);
  Param<float> step("step");
  out(column) = toInt8(x(column), step);
  shapeOutput(out);
  arguments = {x, step};
  outputs = {out};
}

Scale::Scale() {
  ImageParam x = inputBuffer("x", Float(32), 1);
  Param<float> scale("scale");
  out(column) = x(column) * scale;
  shapeOutput(out);
  arguments = {x, scale};
  outputs = {out};
}

Softcap::Softcap() {
  ImageParam x = inputBuffer("x", Float(32), 1);
  Param<float> cap("cap");
  out(column) = cap * hyperbolicTangent(x(column) / cap);
  shapeOutput(out);
  arguments = {x, cap};
  outputs = {out};
}

CombineExperts::CombineExperts() {
  ImageParam x = inputBuffer("x", Float(32), 2), weights = inputBuffer("weights", Float(32), 1);
  rank = RDom(0, weights.dim(0).extent(), "rank");
  total(column) = 0.0f;
  total(column) = fusedMulAdd(weights(rank), x(column, rank), total(column));
  out(column) = total(column);
  shapeOutput(out);
  arguments = {x, weights};
  outputs = {out};
}

} // namespace lapidary
