//===- QuantizationPipeline.cpp - the quantize phase as one call -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the checkpoint has decided comes first; the policy chooses for the rest.
//===----------------------------------------------------------------------===//
#include "passes/quantization/QuantizationPipeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace lapidary {

void buildQuantizationPipeline(OpPassManager &passes, const QuantizeWeightsOptions &options) {
  passes.addPass(createUseCheckpointIntegers());
  passes.addNestedPass<func::FuncOp>(createFoldOutputRounding());
  passes.addPass(createQuantizeWeights(options));
}

} // namespace lapidary
