//===- LayoutMoeExperts.cpp - packs the matrices of all experts -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Experts are laid out before the other weights, because what is best for them is the target's most individual answer:
// a page-aligned block per expert on a CPU, a stack for a grouped product on a GPU.
//===----------------------------------------------------------------------===//
#include "passes/layout/LayoutPipeline.h"
#include "passes/layout/PackedSymbols.h"
#include "passes/layout/PassTarget.h"
#include "passes/layout/Passes.h"

namespace lapidary {
#define GEN_PASS_DEF_LAYOUTMOEEXPERTS
#include "passes/layout/Passes.h.inc"
} // namespace lapidary

using namespace mlir;
using namespace lapidary;

namespace {

class LayoutMoeExpertsPass : public lapidary::impl::LayoutMoeExpertsBase<LayoutMoeExpertsPass> {
public:
  using LayoutMoeExpertsBase::LayoutMoeExpertsBase;
  explicit LayoutMoeExpertsPass(const TargetBackend &target) : passTarget(target) {}

  void runOnOperation() override {
    const TargetBackend *target = passTarget.resolve(targetName, getOperation());
    if (!target) {
      return signalPassFailure();
    }
    PackedSymbols symbols(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      WeightValues values;
      WalkResult result = function.walk([&](gemma::ExpertsOp op) {
        bool ok = succeeded(pack(op, op.getGateUpMutable(), WeightUse::GatedExperts, *target, symbols, values)) &&
                  succeeded(pack(op, op.getDownMutable(), WeightUse::Experts, *target, symbols, values));
        return ok ? WalkResult::advance() : WalkResult::interrupt();
      });
      if (result.wasInterrupted()) {
        return signalPassFailure();
      }
    }
    numExpertWeights += symbols.made();
  }

private:
  LogicalResult pack(gemma::ExpertsOp op, OpOperand &operand, WeightUse use, const TargetBackend &target,
                     PackedSymbols &symbols, WeightValues &values) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type) {
      return success(); // packed already
    }
    auto weight = operand.get().getDefiningOp<gemma::GetWeightOp>();
    if (!weight) {
      return op.emitOpError() << "operand " << operand.getOperandNumber()
                              << " is not a gemma.get_weight: only tensors of the checkpoint can be packed";
    }
    gemma::FormatAttr format = op.getStorageAttr();
    if (!format) {
      format = gemma::FormatAttr::get(&getContext(), type.getElementType().isF32() ? "f32" : "bf16", 0);
    }
    kernel::PackedType packed = target.packedType(type.getShape(), format, use);
    operand.set(values.get(symbols.find(weight.getLoc(), {weight.getWeightAttr()}, packed, /*gathered=*/false), op));
    if (weight->use_empty()) {
      weight.erase();
    }
    return success();
  }

  PassTarget passTarget;
};

} // namespace

std::unique_ptr<Pass> lapidary::createLayoutMoeExpertsPass(const TargetBackend &target) {
  return std::make_unique<LayoutMoeExpertsPass>(target);
}
