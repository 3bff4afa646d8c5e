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

/// Steps and ends come in pairs; ends rise to the last column.
static LogicalResult verifyOutputSteps(LinearOp op) {
  ArrayRef<float> steps = op.getOutputSteps().value_or(ArrayRef<float>());
  ArrayRef<int64_t> ends = op.getOutputEnds().value_or(ArrayRef<int64_t>());
  if (failed(expectSize(op, "number of output_ends", ends.size(), steps.size()))) {
    return failure();
  }
  int64_t before = 0;
  for (auto [step, end] : llvm::zip_equal(steps, ends)) {
    if (!(step >= 0)) {
      return op.emitOpError() << "output step is " << std::to_string(step) << ", expected at least 0";
    }
    if (end <= before) {
      return op.emitOpError() << "output end is " << end << ", expected more than " << before;
    }
    before = end;
  }
  return ends.empty() ? success() : expectSize(op, "last of output_ends", before, shapeOf(op.getType())[1]);
}

LogicalResult LinearOp::verify() {
  bool quantizedInput = isa<Q8Type>(getInput().getType());
  bool integerStorage = getStorage() && getStorage()->isInteger();
  if (quantizedInput && !integerStorage) {
    return emitOpError("input is !gemma.q8, expected storage w8, w4 or w2 for it");
  }
  if (!quantizedInput && integerStorage) {
    return emitOpError() << "storage is " << getStorage()->getKind() << ", expected a !gemma.q8 input for it, found "
                         << getInput().getType();
  }
  auto quantized = dyn_cast<Q8Type>(getInput().getType());
  bool staticInput = quantized && quantized.isStatic();
  if (staticInput != getInputStep().has_value()) {
    return emitOpError() << "input is " << getInput().getType() << ", expected " << (staticInput ? "an" : "no")
                         << " input_step for it";
  }
  if ((getInputStep() && failed(expectPositive(*this, "input_step", *getInputStep()))) ||
      failed(verifyOutputSteps(*this))) {
    return failure();
  }
  SmallVector<int64_t, 3> input = shapeOf(getInput().getType());
  int64_t outputs = shapeOf(getType())[1];
  return success(succeeded(expectShape(*this, "the weight", getWeight().getType(), {outputs, input[1]})) &&
                 succeeded(expectShape(*this, "the result", getType(), {input[0], outputs})));
}

LogicalResult StaticRoundOp::verify() { return expectPositive(*this, "step", getStep()); }

LogicalResult QuantizeActivationOp::verify() {
  if (cast<Q8Type>(getType()).isStatic() != getStep().has_value()) {
    return emitOpError() << "result is " << getType() << ", expected " << (getStep() ? "no" : "a") << " step for it";
  }
  if (getStep() && failed(expectPositive(*this, "step", *getStep()))) {
    return failure();
  }
  return expectShape(*this, "the result", getType(), shapeOf(getInput().getType()));
}
