//===- QuantizeWeights.cpp - quantize-weights --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Writes the decisions of FormatPolicy into the IR:
//
//   %y = gemma.linear %x, %w
//     ->
//   %q = gemma.quantize_activation %x
//   %y = gemma.linear %q, %w storage <w4, group = 32>
//
// Products of one value share its quantized form. Experts round their activations inside, embeddings have none.
//===----------------------------------------------------------------------===//
#include "passes/quantization/FormatPolicy.h"
#include "passes/quantization/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

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

/// Undoes an earlier run: products read f32 rows again. Formats are decided from scratch, but not those of integers
/// that the checkpoint brought.
void removeQuantizedActivations(ModuleOp module) {
  module.walk([](gemma::QuantizeActivationOp quantize) {
    for (OpOperand &use : llvm::make_early_inc_range(quantize->getUses())) {
      auto linear = dyn_cast<gemma::LinearOp>(use.getOwner());
      if (linear && !isCheckpointInteger(linear.getWeight().getType())) {
        use.set(quantize.getInput());
      }
    }
    if (quantize->use_empty()) {
      quantize.erase();
    }
  });
}

/// Rounds the inputs of a block's integer products, each distinct value once, in front of its first product.
unsigned quantizeActivations(Block &block) {
  llvm::DenseMap<Value, Value> quantized;
  for (auto linear : block.getOps<gemma::LinearOp>()) {
    auto rows = dyn_cast<RankedTensorType>(linear.getInput().getType());
    if (!rows || !linear.getStorage() || !linear.getStorage()->isInteger()) {
      continue;
    }
    Value &result = quantized[linear.getInput()];
    if (!result) {
      OpBuilder builder(linear);
      auto type = gemma::Q8Type::get(block.getParentOp()->getContext(), rows.getDimSize(0), rows.getDimSize(1),
                                     scaleGroup, /*planes=*/1);
      result = gemma::QuantizeActivationOp::create(builder, linear.getInput().getLoc(), type, linear.getInput(),
                                                   /*step=*/FloatAttr());
    }
    linear.getInputMutable().assign(result);
  }
  return quantized.size();
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
      (chosen->isInteger() ? numInteger : numPlain) += group.weights.size();
    }
    return success();
  }
};
} // namespace
} // namespace lapidary
