//===- UseCheckpointIntegers.cpp - use-checkpoint-integers -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Quantized checkpoints bring integers, scales and often static ranges of activations; all three are kept:
//
//   %r = gemma.static_round %x step s            %q = gemma.quantize_activation %x step s
//   %y = gemma.linear %r, %w              ->     %y = gemma.linear %q, %w storage <w4> input_step s
//
// The storage follows from the declaration of the weight (gemma.weight `integers`).
//===----------------------------------------------------------------------===//
#include "passes/quantization/IntegerInputs.h"
#include "passes/quantization/Passes.h"
#include "passes/quantization/WeightGroups.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace lapidary {
#define GEN_PASS_DEF_USECHECKPOINTINTEGERS
#include "passes/quantization/Passes.h.inc"

namespace {
/// The declaration behind a weight value: of a stack, of its first part (merging keeps the parts alike).
gemma::WeightOp declarationOf(Value weight) {
  if (auto concat = weight.getDefiningOp<gemma::ConcatRowsOp>()) {
    return declarationOf(concat.getInputs().front());
  }
  auto get = weight.getDefiningOp<gemma::GetWeightOp>();
  return get ? SymbolTable::lookupNearestSymbolFrom<gemma::WeightOp>(get, get.getWeightAttr()) : gemma::WeightOp();
}

/// The storage that keeps the integers and scales of `weight` as they are. Reports scales no kernel has.
FailureOr<gemma::FormatAttr> storageOf(Operation *reader, Value weight) {
  gemma::WeightOp declaration = declarationOf(weight);
  if (!declaration || !declaration.getIntegers()) {
    return reader->emitOpError("reads integers that no gemma.weight describes");
  }
  auto type = cast<RankedTensorType>(declaration.getType());
  auto scales =
      SymbolTable::lookupNearestSymbolFrom<gemma::WeightOp>(declaration, declaration.getIntegers()->getScales());
  bool f32 = cast<RankedTensorType>(scales.getType()).getElementType().isF32();
  int64_t group = static_cast<int64_t>(declaration.getIntegers()->getGroup());
  std::string kind = "w" + std::to_string(type.getElementTypeBitWidth());
  MLIRContext *context = reader->getContext();
  if (group == type.getDimSize(1)) {
    return gemma::FormatAttr::get(context, kind, 0); // f32 holds a bf16 scale exactly
  }
  if (group % scaleGroup != 0) {
    return reader->emitOpError() << "reads integers with a scale for " << group << " columns, expected a multiple of "
                                 << scaleGroup;
  }
  if (!f32) {
    return gemma::FormatAttr::get(context, kind, scaleGroup);
  }
  if (isa<gemma::LinearOp>(reader)) {
    return reader->emitOpError() << "reads integers with an f32 scale for " << group
                                 << " columns, expected one per row";
  }
  return gemma::FormatAttr::get(context, kind, static_cast<uint32_t>(group), "f32");
}

/// Makes `linear` read integers: with the static step of the rounding in front of it, or as good as they were.
void convertInput(gemma::LinearOp linear, IntegerInputs &inputs) {
  Value input = linear.getInput();
  auto round = input.getDefiningOp<gemma::StaticRoundOp>();
  bool isStatic = round && linear.getStorage()->getScale() == "f32";
  inputs.assign(linear, isStatic ? round.getInput() : input, IntegerInputs::wide,
                isStatic ? round.getStepAttr() : FloatAttr());
  if (round && round->use_empty()) {
    round.erase();
  }
}

struct UseCheckpointIntegers : impl::UseCheckpointIntegersBase<UseCheckpointIntegers> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([&](func::FuncOp function) {
      IntegerInputs inputs;
      for (Block &block : function.getBody()) {
        for (Operation &op : llvm::make_early_inc_range(block)) {
          if (failed(keepIntegers(&op, inputs))) {
            return WalkResult::interrupt();
          }
        }
      }
      numStatic += inputs.numStatic;
      numWide += inputs.numOther;
      return WalkResult::advance();
    });
    if (result.wasInterrupted()) {
      signalPassFailure();
    }
  }

  LogicalResult keepIntegers(Operation *op, IntegerInputs &inputs) {
    auto linear = dyn_cast<gemma::LinearOp>(op);
    auto embedding = dyn_cast<gemma::EmbeddingOp>(op);
    Value weight = linear ? linear.getWeight() : embedding ? embedding.getTable() : Value();
    bool done = linear && isa<gemma::Q8Type>(linear.getInput().getType());
    if (!weight || done || !isCheckpointInteger(weight.getType())) {
      return success();
    }
    FailureOr<gemma::FormatAttr> storage = storageOf(op, weight);
    if (failed(storage)) {
      return failure();
    }
    ++numWeights;
    if (embedding) {
      embedding.setStorageAttr(*storage);
      return success();
    }
    linear.setStorageAttr(*storage);
    convertInput(linear, inputs);
    return success();
  }
};
} // namespace
} // namespace lapidary
