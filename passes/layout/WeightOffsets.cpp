//===- WeightOffsets.cpp - places every packed weight in the segment ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// The order of use is the order in which a decode step reads memory, so the segment is read front to back. Gathered
// tables go last because they should not stay in memory: the program advises the system so for everything behind
// `kernel.resident_weight_bytes`.
//===----------------------------------------------------------------------===//
#include "passes/layout/WeightOffsets.h"

#include "lapidary/ProgramAbi.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace lapidary;

namespace {
constexpr uint64_t expertAlignment = 4096; // a page: experts that are not chosen are never read from the disk

llvm::SetVector<kernel::PackedWeightOp> weightsByFirstUse(ModuleOp module) {
  llvm::SetVector<kernel::PackedWeightOp> weights;
  SymbolTable symbols(module);
  module.walk([&](kernel::WeightOp use) {
    if (auto weight = symbols.lookup<kernel::PackedWeightOp>(use.getWeight())) {
      weights.insert(weight);
    }
  });
  for (auto weight : module.getOps<kernel::PackedWeightOp>()) {
    weights.insert(weight);
  }
  return weights;
}

uint64_t place(kernel::PackedWeightOp weight, uint64_t end, const TargetBackend &target) {
  auto type = cast<kernel::PackedType>(weight.getType());
  uint64_t offset = llvm::alignTo(end, type.getShape().size() == 3 ? expertAlignment : uint64_t(LAP_WEIGHT_ALIGN));
  weight.setOffset(offset);
  return offset + target.packedBytes(type);
}
} // namespace

void lapidary::assignWeightOffsets(ModuleOp module, const TargetBackend &target) {
  llvm::SetVector<kernel::PackedWeightOp> weights = weightsByFirstUse(module);
  uint64_t end = 0;
  bool anyGathered = false;
  for (kernel::PackedWeightOp weight : weights) {
    if (weight.getGathered()) {
      anyGathered = true;
    } else {
      end = place(weight, end, target);
    }
  }
  uint64_t resident = end;
  if (anyGathered) {
    resident = end = llvm::alignTo(end, uint64_t(LAP_SEGMENT_ALIGN));
    for (kernel::PackedWeightOp weight : weights) {
      if (weight.getGathered()) {
        end = place(weight, end, target);
      }
    }
  }
  Builder builder(module.getContext());
  module->setAttr("kernel.weight_bytes", builder.getI64IntegerAttr(end));
  module->setAttr("kernel.resident_weight_bytes", builder.getI64IntegerAttr(resident));
}
