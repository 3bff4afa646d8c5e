//===- MatmulOps.cpp - verifiers of products with packed weights ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Logical shapes: padding is a matter of layouts, not of this dialect.
//===----------------------------------------------------------------------===//
#include "dialects/kernel/Verify.h"

using namespace mlir;
using namespace lapidary::kernel;

LogicalResult EmbedOp::verify() {
  BufferType out = bufferOf(getOut());
  if (out.getRows() != 1) {
    return emitOpError() << "row count of out is " << out.getRows() << ", expected 1 per token or 1 fixed";
  }
  return expectShape(*this, "the table", getTable().getType(), {kAnySize, out.getColumns()});
}

LogicalResult QuantizeOp::verify() {
  return success(succeeded(expectStepOf(*this, bufferOf(getOut()), getStepAttr())) &&
                 succeeded(expectSameSize(*this, "out", bufferOf(getOut()), bufferOf(getInput()))));
}

LogicalResult MatmulOp::verify() {
  BufferType input = bufferOf(getInput());
  BufferType out = bufferOf(getOut());
  return success(
      succeeded(expectMatchingStorage(*this, input, getWeight().getType())) &&
      succeeded(expectStepOf(*this, input, getInputStepAttr())) &&
      succeeded(expectShape(*this, "the weight", getWeight().getType(), {out.getColumns(), input.getColumns()})) &&
      succeeded(expectRows(*this, "out", out, input)));
}
