//===- IntegerInputs.cpp - the integer rows that products read ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The scales of a product's input follow those of its weight: one per row, or one per group of columns.
//===----------------------------------------------------------------------===//
#include "passes/quantization/IntegerInputs.h"

using namespace mlir;

namespace lapidary {

void IntegerInputs::assign(gemma::LinearOp linear, Value source, unsigned planes, FloatAttr step) {
  auto rows = cast<RankedTensorType>(source.getType());
  bool perRow = linear.getStorage()->getScale() == "f32";
  auto type = gemma::Q8Type::get(linear.getContext(), rows.getDimSize(0), rows.getDimSize(1),
                                 perRow ? 0 : linear.getStorage()->getGroup(), step ? 1 : planes);
  Value &result = made[{source, {type, step}}];
  if (!result) {
    OpBuilder builder(linear);
    result = gemma::QuantizeActivationOp::create(builder, source.getLoc(), type, source, step);
    ++(step ? numStatic : numOther);
  }
  linear.getInputMutable().assign(result);
  if (step) {
    linear.setInputStepAttr(step);
  } else {
    linear.removeInputStepAttr();
  }
}

} // namespace lapidary
