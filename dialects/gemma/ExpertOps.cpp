//===- ExpertOps.cpp - verifiers of the mixture of experts ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Routing sizes and the stacked expert matrices: gateUp [experts, 2 * M, H], down [experts, H, M].
//===----------------------------------------------------------------------===//
#include "dialects/gemma/Verify.h"

using namespace mlir;
using namespace lapidary::gemma;

LogicalResult RouteOp::verify() {
  SmallVector<int64_t, 3> logits = shapeOf(getLogits().getType());
  int64_t topK = getTopK();
  return success(succeeded(expectBetween(*this, "top_k", topK, 1, logits[1])) &&
                 succeeded(expectShape(*this, "the expert scale", getExpertScale().getType(), {logits[1]})) &&
                 succeeded(expectShape(*this, "the weights", getWeights().getType(), {logits[0], topK})) &&
                 succeeded(expectShape(*this, "the indices", getIndices().getType(), {logits[0], topK})));
}

LogicalResult ExpertsOp::verify() {
  SmallVector<int64_t, 3> input = shapeOf(getInput().getType());
  int64_t topK = shapeOf(getWeights().getType())[1];
  if (failed(expectShape(*this, "the weights", getWeights().getType(), {input[0], kAnySize})) ||
      failed(expectShape(*this, "the indices", getIndices().getType(), {input[0], topK})) ||
      failed(expectShape(*this, "down", getDown().getType(), {kAnySize, input[1], kAnySize}))) {
    return failure();
  }
  SmallVector<int64_t, 3> down = shapeOf(getDown().getType());
  return success(
      succeeded(expectShape(*this, "gate_up", getGateUp().getType(), {down[0], sizeProduct(2, down[2]), input[1]})) &&
      succeeded(expectType(*this, "result", getType(), getInput().getType())));
}
