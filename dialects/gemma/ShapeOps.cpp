//===- ShapeOps.cpp - verifiers of views of rows --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Splitting, merging and slicing move no values: element counts of a row must agree.
//===----------------------------------------------------------------------===//
#include "dialects/gemma/Verify.h"

using namespace mlir;
using namespace lapidary::gemma;

LogicalResult SplitHeadsOp::verify() {
  SmallVector<int64_t, 3> input = shapeOf(getInput().getType());
  SmallVector<int64_t, 3> result = shapeOf(getType());
  return success(
      succeeded(expectShape(*this, "the result", getType(), {input[0], kAnySize, kAnySize})) &&
      succeeded(expectSize(*this, "heads * dim of the result", sizeProduct(result[1], result[2]), input[1])));
}

LogicalResult MergeHeadsOp::verify() {
  SmallVector<int64_t, 3> input = shapeOf(getInput().getType());
  return expectShape(*this, "the result", getType(), {input[0], sizeProduct(input[1], input[2])});
}

LogicalResult SliceColumnsOp::verify() {
  SmallVector<int64_t, 3> input = shapeOf(getInput().getType());
  int64_t size = shapeOf(getType())[1];
  return success(succeeded(expectShape(*this, "the result", getType(), {input[0], kAnySize})) &&
                 succeeded(expectBetween(*this, "column count of the result", size, 1, input[1])) &&
                 succeeded(expectBetween(*this, "offset", getOffset(), 0, input[1] - size)));
}

LogicalResult SelectLastOp::verify() {
  Type input = getInput().getType();
  Type expected;
  if (auto quantized = dyn_cast<Q8Type>(input)) {
    expected = Q8Type::get(getContext(), 1, quantized.getColumns(), quantized.getGroup(), quantized.getPlanes());
  } else {
    auto tensor = cast<RankedTensorType>(input);
    SmallVector<int64_t, 3> shape(tensor.getShape());
    shape[0] = 1;
    expected = tensor.clone(shape);
  }
  return expectType(*this, "result", getType(), expected);
}

OpFoldResult SelectLastOp::fold(FoldAdaptor) { return getInput().getType() == getType() ? getInput() : Value(); }
