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
  if (getStep() && heads != 1) {
    return emitOpError() << "heads is " << heads << ", expected 1 for an i8 output";
  }
  return getWeight() ? expectShape(*this, "the weight", getWeight().getType(), {input.getColumns() / heads})
                     : success();
}

LogicalResult ResidualNormOp::verify() {
  BufferType input = bufferOf(getInput());
  if (failed(expectPositive(*this, "eps", getEps())) ||
      failed(expectSameSize(*this, "the residual", bufferOf(getResidual()), input)) ||
      failed(expectSameSize(*this, "out", bufferOf(getOut()), input)) ||
      failed(expectShape(*this, "the weight", getWeight().getType(), {input.getColumns()}))) {
    return failure();
  }
  return getScale() ? expectShape(*this, "the scale", getScale().getType(), {1}) : success();
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
