//===- QuantizationPipeline.cpp - the quantize phase as one call -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the checkpoint has decided comes first; the policy chooses for the rest, and calibration has its say about that.
//===----------------------------------------------------------------------===//
#include "passes/quantization/QuantizationPipeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace lapidary {

void buildQuantizationPipeline(OpPassManager &passes, const QuantizeWeightsOptions &weights,
                               const AddStaticRangesOptions &ranges) {
  passes.addPass(createUseCheckpointIntegers());
  passes.addNestedPass<func::FuncOp>(createFoldOutputRounding());
  passes.addPass(createQuantizeWeights(weights));
  passes.addPass(createAddStaticRanges(ranges));
}

} // namespace lapidary
