//===- LinearOps.cpp - verifiers of products with weights -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shapes before and after packing, and the rule that ties integer weights to quantized activations.
//===----------------------------------------------------------------------===//
#include "dialects/gemma/Verify.h"

using namespace mlir;
using namespace lapidary::gemma;

LogicalResult EmbeddingOp::verify() {
  int64_t rows = shapeOf(getIds().getType())[0];
  int64_t columns = shapeOf(getType())[1];
  return success(succeeded(expectShape(*this, "the table", getTable().getType(), {kAnySize, columns})) &&
                 succeeded(expectShape(*this, "the result", getType(), {rows, columns})));
}

LogicalResult LinearOp::verify() {
  bool quantizedInput = isa<Q8Type>(getInput().getType());
  bool integerStorage = getStorage() && getStorage()->isInteger();
  if (quantizedInput && !integerStorage) {
    return emitOpError("input is !gemma.q8, expected storage w8 or w4 for it");
  }
  if (!quantizedInput && integerStorage) {
    return emitOpError() << "storage is " << getStorage()->getKind() << ", expected a !gemma.q8 input for it, found "
                         << getInput().getType();
  }
  SmallVector<int64_t, 3> input = shapeOf(getInput().getType());
  int64_t outputs = shapeOf(getType())[1];
  return success(succeeded(expectShape(*this, "the weight", getWeight().getType(), {outputs, input[1]})) &&
                 succeeded(expectShape(*this, "the result", getType(), {input[0], outputs})));
}

LogicalResult QuantizeActivationOp::verify() {
  return expectShape(*this, "the result", getType(), shapeOf(getInput().getType()));
}
