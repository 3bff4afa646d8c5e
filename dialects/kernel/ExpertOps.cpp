//===- ExpertOps.cpp - verifiers of the mixture of experts ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Routed buffers have top_k rows for each row of their source.
//===----------------------------------------------------------------------===//
#include "dialects/kernel/Verify.h"

using namespace mlir;
using namespace lapidary::kernel;

LogicalResult RouteOp::verify() {
  BufferType logits = bufferOf(getLogits());
  int64_t topK = getTopK();
  return success(succeeded(expectBetween(*this, "top_k", topK, 1, logits.getColumns())) &&
                 succeeded(expectShape(*this, "the expert scale", getExpertScale().getType(), {logits.getColumns()})) &&
                 succeeded(expectRows(*this, "the weights", bufferOf(getWeights()), logits)) &&
                 succeeded(expectColumns(*this, "the weights", bufferOf(getWeights()), topK)) &&
                 succeeded(expectSameSize(*this, "the indices", bufferOf(getIndices()), bufferOf(getWeights()))));
}

LogicalResult SortExpertsOp::verify() {
  BufferType order = bufferOf(getOrder());
  int64_t experts = getExperts();
  if (failed(expectColumns(*this, "the indices", bufferOf(getIndices()), getTopK()))) {
    return failure();
  }
  if (order.getPerToken() || order.getRows() != 1) {
    return emitOpError() << "order has type " << order << ", expected one fixed row";
  }
  // first[experts + 1], then at least one routed row; subtracting cannot overflow
  return expectBetween(*this, "experts", experts, 1, order.getColumns() - 2);
}

/// Columns of a product with experts of `rows` rows: as many, or both halves (gate, up) padded to whole groups of 32.
static bool isExpertWidth(int64_t columns, int64_t rows) {
  int64_t half = rows / 2;
  return columns == rows || (rows % 2 == 0 && columns == (half + 31) / 32 * 32 * 2);
}

LogicalResult ExpertMatmulOp::verify() {
  BufferType input = bufferOf(getInput());
  BufferType out = bufferOf(getOut());
  auto weight = cast<PackedType>(getWeight().getType());
  bool wider = weight.getShape().size() == 3 && isExpertWidth(out.getColumns(), weight.getShape()[1]);
  int64_t rows = wider ? kAnySize : out.getColumns();
  return success(succeeded(expectAtLeast(*this, "rows_per_source", getRowsPerSource(), 1)) &&
                 succeeded(expectMatchingStorage(*this, input, weight)) &&
                 succeeded(expectShape(*this, "the weight", weight, {kAnySize, rows, input.getColumns()})) &&
                 succeeded(expectRows(*this, "out", out, input, getRowsPerSource())));
}

LogicalResult CombineExpertsOp::verify() {
  BufferType out = bufferOf(getOut());
  BufferType weights = bufferOf(getWeights());
  int64_t topK = getTopK();
  return success(succeeded(expectAtLeast(*this, "top_k", topK, 1)) &&
                 succeeded(expectRows(*this, "the input", bufferOf(getInput()), out, topK)) &&
                 succeeded(expectColumns(*this, "the input", bufferOf(getInput()), out.getColumns())) &&
                 succeeded(expectRows(*this, "the weights", weights, out)) &&
                 succeeded(expectColumns(*this, "the weights", weights, topK)));
}
