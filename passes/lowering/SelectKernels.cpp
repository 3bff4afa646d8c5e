//===- SelectKernels.cpp - asks the target which kernels run each op -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The names end up in the argument lists of the op drivers and in the list of kernels to build.
//===----------------------------------------------------------------------===//
#include "passes/layout/PassTarget.h"
#include "passes/lowering/LoweringPipeline.h"
#include "passes/lowering/Passes.h"

namespace lapidary {
#define GEN_PASS_DEF_SELECTKERNELS
#include "passes/lowering/Passes.h.inc"
} // namespace lapidary

using namespace mlir;
using namespace lapidary;

namespace {

class SelectKernelsPass : public lapidary::impl::SelectKernelsBase<SelectKernelsPass> {
public:
  using SelectKernelsBase::SelectKernelsBase;
  explicit SelectKernelsPass(const TargetBackend &target) : passTarget(target) {}

  void runOnOperation() override {
    const TargetBackend *target = passTarget.resolve(targetName, getOperation());
    if (!target) {
      return signalPassFailure();
    }
    Builder builder(&getContext());
    getOperation().walk([&](kernel::ComputeOpInterface op) {
      std::vector<std::string> names = target->selectKernels(op);
      if (names.empty()) {
        return;
      }
      op.setKernelNames(builder.getStrArrayAttr(SmallVector<StringRef>(names.begin(), names.end())));
      ++numSelected;
    });
  }

private:
  PassTarget passTarget;
};

} // namespace

std::unique_ptr<Pass> lapidary::createSelectKernelsPass(const TargetBackend &target) {
  return std::make_unique<SelectKernelsPass>(target);
}
