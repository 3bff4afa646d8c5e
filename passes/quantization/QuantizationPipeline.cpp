//===- QuantizationPipeline.cpp - the quantize phase as one call -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One pass today; checkpoints that bring their own integers will add theirs here, in front of the policy.
//===----------------------------------------------------------------------===//
#include "passes/quantization/QuantizationPipeline.h"

using namespace mlir;

namespace lapidary {

void buildQuantizationPipeline(OpPassManager &passes, const QuantizeWeightsOptions &options) {
  passes.addPass(createQuantizeWeights(options));
}

} // namespace lapidary
