//===- WeightOps.cpp - verifiers of weights as symbols --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A gemma.weight is a promise about a byte range of a file: its type must be one that the packers can read.
//===----------------------------------------------------------------------===//
#include "dialects/gemma/Verify.h"

using namespace mlir;
using namespace lapidary::gemma;

LogicalResult WeightOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type || !type.hasStaticShape()) {
    return emitOpError() << "type is " << getType() << ", expected a tensor of static shape";
  }
  if (!type.getElementType().isF32() && !type.getElementType().isBF16()) {
    return emitOpError() << "element type is " << type.getElementType() << ", expected f32 or bf16";
  }
  return success(succeeded(expectBetween(*this, "rank", type.getRank(), 1, 3)) &&
                 succeeded(expectAtLeast(*this, "shard", getShard(), 0)) &&
                 succeeded(expectAtLeast(*this, "offset", getOffset(), 0)));
}

LogicalResult GetWeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto weight = symbols.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight) {
    return emitOpError() << "found no gemma.weight named " << getWeightAttr();
  }
  return expectType(*this, "result", getType(), weight.getType());
}

LogicalResult ConcatRowsOp::verify() {
  if (getInputs().empty()) {
    return emitOpError("found no inputs, expected at least 1");
  }
  auto result = cast<RankedTensorType>(getType());
  int64_t rows = 0;
  for (Value input : getInputs()) {
    auto type = cast<RankedTensorType>(input.getType());
    if (type.getElementType() != result.getElementType()) {
      return emitOpError() << "element type of an input is " << type.getElementType() << ", expected "
                           << result.getElementType();
    }
    if (failed(expectShape(*this, "an input", type, {kAnySize, result.getDimSize(1)}))) {
      return failure();
    }
    rows += type.getDimSize(0);
  }
  return expectSize(*this, "row count of the result", result.getDimSize(0), rows);
}
