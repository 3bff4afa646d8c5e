//===- DependentLaunch.cpp - kernels that begin before their predecessors end -===//
// SPDX-License-Identifier: Apache-2.0
//
// See DependentLaunch.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/DependentLaunch.h"

#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsNVPTX.h"

namespace lapidary::cuda {

namespace {

bool isDependentLaunch(const llvm::Instruction &instruction) {
  const auto *intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
  switch (intrinsic ? intrinsic->getIntrinsicID() : llvm::Intrinsic::not_intrinsic) {
  case llvm::Intrinsic::nvvm_griddepcontrol_launch_dependents:
  case llvm::Intrinsic::nvvm_griddepcontrol_wait:
  case llvm::Intrinsic::nvvm_cp_async_bulk_prefetch_L2:
    return true;
  default:
    return false;
  }
}

} // namespace

void adaptDependentLaunch(llvm::Module &module, const Architecture &architecture) {
  for (llvm::Function &function : module) {
    for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
      if (architecture.launchesDependents()) {
        instruction.setMetadata(llvm::LLVMContext::MD_invariant_load, nullptr);
      } else if (isDependentLaunch(instruction)) {
        instruction.eraseFromParent();
      }
    }
  }
}

} // namespace lapidary::cuda
