//===- QuantizeWeights.cpp - quantize-weights --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Writes the decisions of FormatPolicy into the IR:
//
//   %y = gemma.linear %x, %w
//     ->
//   %q = gemma.quantize_activation %x
//   %y = gemma.linear %q, %w storage <w4, group = 32, scale = i8>
//
// Products of one value share its quantized form. Experts round their activations inside, embeddings have none.
//===----------------------------------------------------------------------===//
#include "passes/quantization/FormatPolicy.h"
#include "passes/quantization/IntegerInputs.h"
#include "passes/quantization/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace lapidary {
#define GEN_PASS_DEF_QUANTIZEWEIGHTS
#include "passes/quantization/Passes.h.inc"

namespace {
void setStorage(Operation *op, gemma::FormatAttr format) {
  if (auto linear = dyn_cast<gemma::LinearOp>(op)) {
    linear.setStorageAttr(format);
  } else if (auto embedding = dyn_cast<gemma::EmbeddingOp>(op)) {
    embedding.setStorageAttr(format);
  } else {
    cast<gemma::ExpertsOp>(op).setStorageAttr(format);
  }
}

/// Undoes an earlier run: products read f32 rows again, and static ranges are gone. Formats are decided from scratch,
/// but not those of integers that the checkpoint brought.
void removeQuantizedActivations(ModuleOp module) {
  module.walk([](gemma::LinearOp linear) {
    auto quantize = linear.getInput().getDefiningOp<gemma::QuantizeActivationOp>();
    if (!quantize || isCheckpointInteger(linear.getWeight().getType())) {
      return;
    }
    linear.getInputMutable().assign(quantize.getInput());
    linear.removeInputStepAttr();
    linear.removeOutputStepsAttr();
    linear.removeOutputEndsAttr();
    if (quantize->use_empty()) {
      quantize.erase();
    }
  });
}

/// Rounds the inputs of a block's integer products: to one plane for groups, which is little beside the weights' error;
/// weights with one scale per row keep theirs as good as it was until add-static-ranges knows better.
unsigned quantizeActivations(Block &block) {
  IntegerInputs inputs;
  for (auto linear : block.getOps<gemma::LinearOp>()) {
    gemma::FormatAttr storage = linear.getStorageAttr();
    if (isa<RankedTensorType>(linear.getInput().getType()) && storage && storage.isInteger()) {
      inputs.assign(linear, linear.getInput(), hasRowScales(storage) ? IntegerInputs::wide : 1);
    }
  }
  return inputs.numOther;
}

struct QuantizeWeights : impl::QuantizeWeightsBase<QuantizeWeights> {
  using QuantizeWeightsBase::QuantizeWeightsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    QuantizeWeightsOptions options;
    options.format = format;
    options.overrides.assign(overrides.begin(), overrides.end());
    options.embeddingFormat = embeddingFormat;
    FailureOr<FormatPolicy> policy = FormatPolicy::create(module, options);
    FailureOr<std::vector<WeightGroup>> groups = failure();
    if (failed(policy) || failed(groups = collectWeightGroups(module)) || failed(storeFormats(*policy, *groups)) ||
        failed(policy->checkOverridesUsed(module))) {
      return signalPassFailure();
    }
    removeQuantizedActivations(module);
    module.walk([&](func::FuncOp function) {
      for (Block &block : function.getBody()) {
        numActivations += quantizeActivations(block);
      }
    });
  }

  LogicalResult storeFormats(FormatPolicy &policy, ArrayRef<WeightGroup> groups) {
    for (const WeightGroup &group : groups) {
      FailureOr<gemma::FormatAttr> chosen = policy.choose(group);
      if (failed(chosen)) {
        return failure();
      }
      for (Operation *reader : group.readers) {
        setStorage(reader, *chosen);
      }
      if (!group.isTiedHead) { // counted with the table
        (chosen->isInteger() ? numInteger : numPlain) += group.weights.size();
      }
    }
    return success();
  }
};
} // namespace
} // namespace lapidary
