//===- WeightOps.cpp - verifiers of weights as symbols --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A gemma.weight is a promise about a byte range of a file: its type must be one that the packers can read.
//===----------------------------------------------------------------------===//
#include "dialects/gemma/Verify.h"

using namespace mlir;
using namespace lapidary::gemma;

static LogicalResult verifyFloats(WeightOp op, RankedTensorType type) {
  if (!type.getElementType().isF32() && !type.getElementType().isBF16()) {
    return op.emitOpError() << "element type is " << type.getElementType() << ", expected f32 or bf16";
  }
  return expectBetween(op, "rank", type.getRank(), 1, 3);
}

static LogicalResult verifyIntegers(WeightOp op, RankedTensorType type) {
  Type element = type.getElementType();
  if (!element.isSignlessInteger(2) && !element.isSignlessInteger(4) && !element.isSignlessInteger(8)) {
    return op.emitOpError() << "element type is " << element << ", expected i2, i4 or i8 for integers";
  }
  if (failed(expectSize(op, "rank", type.getRank(), 2))) {
    return failure();
  }
  IntegersAttr integers = *op.getIntegers();
  int64_t columns = type.getDimSize(1), group = static_cast<int64_t>(integers.getGroup());
  if (integers.getEncoding() == "twos" && !element.isSignlessInteger(8)) {
    return op.emitOpError() << "encoding is twos, expected offset for " << element;
  }
  if (columns % group != 0) {
    return op.emitOpError() << "group is " << group << ", expected a divisor of the " << columns << " columns";
  }
  int64_t fewest = (columns * element.getIntOrFloatBitWidth() + 7) / 8;
  return expectAtLeast(op, "row_bytes", static_cast<int64_t>(integers.getRowBytes()), fewest);
}

LogicalResult WeightOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type || !type.hasStaticShape()) {
    return emitOpError() << "type is " << getType() << ", expected a tensor of static shape";
  }
  if (failed(getIntegers() ? verifyIntegers(*this, type) : verifyFloats(*this, type))) {
    return failure();
  }
  return success(succeeded(expectAtLeast(*this, "shard", getShard(), 0)) &&
                 succeeded(expectAtLeast(*this, "offset", getOffset(), 0)));
}

LogicalResult WeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (!getIntegers()) {
    return success();
  }
  auto scales = symbols.lookupNearestSymbolFrom<WeightOp>(*this, getIntegers()->getScales());
  if (!scales) {
    return emitOpError() << "found no gemma.weight named " << getIntegers()->getScales() << " for the scales";
  }
  auto type = cast<RankedTensorType>(getType());
  int64_t perRow = type.getDimSize(1) / static_cast<int64_t>(getIntegers()->getGroup());
  return expectShape(*this, "the scales", scales.getType(), {type.getDimSize(0), perRow});
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
