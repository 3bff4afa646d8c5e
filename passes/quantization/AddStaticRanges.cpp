//===- AddStaticRanges.cpp - add-static-ranges -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Ranges that calibration has found, written where those of a quantized checkpoint would be:
//
//   %q = gemma.quantize_activation %x (three planes)      %q = gemma.quantize_activation %x step s
//   %y = gemma.linear %q, %w storage <w4>              ->  %y = gemma.linear %q, %w storage <w4> input_step s
//                                                                output_steps [..] output_ends [..]
//===----------------------------------------------------------------------===//
#include "passes/quantization/IntegerInputs.h"
#include "passes/quantization/Passes.h"
#include "passes/quantization/WeightGroups.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace lapidary {
#define GEN_PASS_DEF_ADDSTATICRANGES
#include "passes/quantization/Passes.h.inc"

namespace {
/// Steps of a product's input and output, or of a cache's keys and values; 0: not rounded.
struct Steps {
  float first = 0, second = 0;
};

using Table = llvm::StringMap<Steps>;

/// Reads `name=step:step` entries; reports malformed ones at `module`.
FailureOr<Table> parseTable(ModuleOp module, ArrayRef<std::string> entries, StringRef option) {
  Table table;
  for (StringRef entry : entries) {
    auto [name, steps] = entry.rsplit('=');
    auto [first, second] = steps.split(':');
    double values[2];
    bool bad = name.empty() || first.getAsDouble(values[0]) || second.getAsDouble(values[1]);
    if (bad || !(values[0] >= 0 && values[1] >= 0)) {
      return module.emitError() << "option " << option << ": '" << entry << "' is not of the form name=step:step";
    }
    table[name] = {static_cast<float>(values[0]), static_cast<float>(values[1])};
  }
  return table;
}

/// The weights that make the columns of a product, in order, with their rows.
SmallVector<std::pair<StringRef, int64_t>> partsOf(gemma::LinearOp linear) {
  SmallVector<Value> weights{linear.getWeight()};
  if (auto concat = linear.getWeight().getDefiningOp<gemma::ConcatRowsOp>()) {
    weights.assign(concat.getInputs().begin(), concat.getInputs().end());
  }
  SmallVector<std::pair<StringRef, int64_t>> parts;
  for (Value weight : weights) {
    auto get = weight.getDefiningOp<gemma::GetWeightOp>();
    parts.emplace_back(get ? get.getWeight() : StringRef(), cast<RankedTensorType>(weight.getType()).getDimSize(0));
  }
  return parts;
}

struct AddStaticRanges : impl::AddStaticRangesBase<AddStaticRanges> {
  using AddStaticRangesBase::AddStaticRangesBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Table> products = parseTable(module, SmallVector<std::string>(ranges.begin(), ranges.end()), "ranges");
    FailureOr<Table> kept = parseTable(module, SmallVector<std::string>(caches.begin(), caches.end()), "caches");
    if (failed(products) || failed(kept)) {
      return signalPassFailure();
    }
    module.walk([&](func::FuncOp function) {
      for (Block &block : function.getBody()) {
        IntegerInputs inputs;
        for (auto linear : llvm::to_vector(block.getOps<gemma::LinearOp>())) {
          addRanges(linear, *products, inputs);
        }
      }
    });
    for (auto cache : module.getOps<gemma::KvCacheOp>()) {
      addSteps(cache, *kept);
    }
  }

  /// Products that the checkpoint has decided about keep its ranges, and those stored otherwise have no use for any.
  void addRanges(gemma::LinearOp linear, const Table &table, IntegerInputs &inputs) {
    auto wide = linear.getInput().getDefiningOp<gemma::QuantizeActivationOp>();
    if (!wide || wide.getStep() || !hasRowScales(linear.getStorageAttr()) ||
        isCheckpointInteger(linear.getWeight().getType())) {
      return;
    }
    SmallVector<std::pair<StringRef, int64_t>> parts = partsOf(linear);
    Builder builder(&getContext());
    if (float step = stepsOf(parts.front().first, table).first; step > 0) {
      inputs.assign(linear, wide.getInput(), IntegerInputs::wide, builder.getF32FloatAttr(step));
      if (wide->use_empty()) {
        wide.erase();
      }
      ++numInputs;
    }
    SmallVector<float> steps;
    SmallVector<int64_t> ends;
    for (auto [name, rows] : parts) {
      steps.push_back(isOutputHead(linear) ? 0 : stepsOf(name, table).second);
      ends.push_back((ends.empty() ? 0 : ends.back()) + rows);
    }
    if (llvm::any_of(steps, [](float step) { return step > 0; })) {
      linear.setOutputStepsAttr(builder.getDenseF32ArrayAttr(steps));
      linear.setOutputEndsAttr(builder.getDenseI64ArrayAttr(ends));
      ++numOutputs;
    }
  }

  void addSteps(gemma::KvCacheOp cache, const Table &table) {
    Steps steps = stepsOf(cache.getSymName(), table);
    if (steps.first > 0 && steps.second > 0 && !cache.getKeyStep() && !cache.getValueStep()) {
      Builder builder(&getContext());
      cache.setKeyStepAttr(builder.getF32FloatAttr(steps.first));
      cache.setValueStepAttr(builder.getF32FloatAttr(steps.second));
      ++numCaches;
    }
  }

  static Steps stepsOf(StringRef name, const Table &table) {
    auto found = table.find(name);
    return found == table.end() ? Steps() : found->second;
  }
};
} // namespace
} // namespace lapidary
