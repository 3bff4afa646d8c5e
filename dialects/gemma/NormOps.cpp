//===- NormOps.cpp - verifiers of norms and rotary embedding --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Norm weights span the last dimension; rotation needs an even head and positions for the same rows.
//===----------------------------------------------------------------------===//
#include "dialects/gemma/Verify.h"

using namespace mlir;
using namespace lapidary::gemma;

LogicalResult RmsNormOp::verify() {
  if (failed(expectPositive(*this, "eps", getEps()))) {
    return failure();
  }
  return getWeight() ? expectShape(*this, "the weight", getWeight().getType(), {shapeOf(getType()).back()}) : success();
}

LogicalResult ResidualNormOp::verify() {
  if (failed(expectPositive(*this, "eps", getEps())) ||
      failed(expectShape(*this, "the weight", getWeight().getType(), {shapeOf(getType()).back()}))) {
    return failure();
  }
  return getScale() ? expectShape(*this, "the scale", getScale().getType(), {1}) : success();
}

/// What rotary and norm_rotary share: `input` is [rows, heads, dim], `positions` [rows].
template <typename Op> static LogicalResult verifyRotation(Op op) {
  SmallVector<int64_t, 3> input = shapeOf(op.getInput().getType());
  if (input[2] % 2 != 0) {
    return op.emitOpError() << "head dimension is " << input[2] << ", expected an even number";
  }
  return success(succeeded(expectBetween(op, "pairs", op.getPairs(), 1, input[2] / 2)) &&
                 succeeded(expectPositive(op, "theta", op.getTheta())) &&
                 succeeded(expectPositive(op, "factor", op.getFactor())) &&
                 succeeded(expectShape(op, "the positions", op.getPositions().getType(), {input[0]})));
}

LogicalResult RotaryOp::verify() { return verifyRotation(*this); }

LogicalResult NormRotaryOp::verify() {
  return success(succeeded(verifyRotation(*this)) && succeeded(expectPositive(*this, "eps", getEps())) &&
                 succeeded(expectShape(*this, "the weight", getWeight().getType(), {shapeOf(getType()).back()})));
}
