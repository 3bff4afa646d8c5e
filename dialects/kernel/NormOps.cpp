//===- NormOps.cpp - verifiers of norms and rotary embedding --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// `heads` cuts the columns of a row into heads of equal width; weights and tables span one head.
//===----------------------------------------------------------------------===//
#include "dialects/kernel/Verify.h"

using namespace mlir;
using namespace lapidary::kernel;

/// Fails unless `heads` divides the columns of `input`.
static LogicalResult expectHeads(Operation *op, BufferType input, int64_t heads) {
  if (heads >= 1 && input.getColumns() % heads == 0) {
    return success();
  }
  return op->emitOpError() << "heads is " << heads << ", expected a divisor of the " << input.getColumns()
                           << " columns of the input";
}

LogicalResult RmsNormOp::verify() {
  BufferType input = bufferOf(getInput());
  int64_t heads = getHeads();
  if (failed(expectHeads(*this, input, heads)) || failed(expectPositive(*this, "eps", getEps())) ||
      failed(expectStepOf(*this, bufferOf(getOut()), getStepAttr())) ||
      failed(expectSameSize(*this, "out", bufferOf(getOut()), input))) {
    return failure();
  }
  StringRef element = bufferOf(getOut()).getElement();
  if (element != "f32" && heads != 1) {
    return emitOpError() << "heads is " << heads << ", expected 1 for an output of " << element;
  }
  return getWeight() ? expectShape(*this, "the weight", getWeight().getType(), {input.getColumns() / heads})
                     : success();
}

/// What residual_norm and residual_norm_rounded have in common.
template <typename Op> static LogicalResult verifyResidualNorm(Op op) {
  BufferType input = bufferOf(op.getInput());
  if (failed(expectPositive(op, "eps", op.getEps())) ||
      failed(expectSameSize(op, "the residual", bufferOf(op.getResidual()), input)) ||
      failed(expectSameSize(op, "out", bufferOf(op.getOut()), input)) ||
      failed(expectShape(op, "the weight", op.getWeight().getType(), {input.getColumns()}))) {
    return failure();
  }
  return op.getScale() ? expectShape(op, "the scale", op.getScale().getType(), {1}) : success();
}

LogicalResult ResidualNormOp::verify() { return verifyResidualNorm(*this); }

LogicalResult ResidualNormRoundedOp::verify() {
  BufferType input = bufferOf(getInput());
  if (failed(verifyResidualNorm(*this)) || failed(expectStepOf(*this, bufferOf(getRounded()), getStepAttr())) ||
      failed(expectSameSize(*this, "the rounded output", bufferOf(getRounded()), input))) {
    return failure();
  }
  if (static_cast<bool>(getNext()) != getNextEps().has_value()) {
    return emitOpError("has a second norm's weight or eps alone, expected both or neither");
  }
  return success(!getNext() ||
                 (succeeded(expectPositive(*this, "second eps", *getNextEps())) &&
                  succeeded(expectShape(*this, "the second weight", getNext().getType(), {input.getColumns()}))));
}

LogicalResult RotaryTableOp::verify() {
  int64_t columns = bufferOf(getOut()).getColumns();
  if (columns % 2 != 0) {
    return emitOpError() << "column count of out is " << columns << ", expected an even number";
  }
  return expectShape(*this, "the frequencies", getFrequencies().getType(), {columns / 2});
}

LogicalResult NormRotaryOp::verify() {
  BufferType input = bufferOf(getInput());
  BufferType table = bufferOf(getTable());
  int64_t heads = getHeads();
  if (failed(expectHeads(*this, input, heads)) || failed(expectPositive(*this, "eps", getEps()))) {
    return failure();
  }
  int64_t dim = input.getColumns() / heads;
  return success(succeeded(expectShape(*this, "the weight", getWeight().getType(), {dim})) &&
                 succeeded(expectRows(*this, "the table", table, input)) &&
                 succeeded(expectColumns(*this, "the table", table, dim)) &&
                 succeeded(expectSameSize(*this, "out", bufferOf(getOut()), input)));
}
