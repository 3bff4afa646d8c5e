//===- SharedVariables.cpp - where shared variables lie --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A variable in address space 3 is a place in the block's shared memory: an offset, which differs from kernel to
// kernel, from a pointer that the device gives at the kernel's entry.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/RetargetSteps.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/ReplaceConstant.h"
#include "llvm/Support/Alignment.h"

namespace lapidary::cuda::emulator {

namespace {

constexpr unsigned sharedSpace = 3;
constexpr uint64_t dynamicAlignment = 16;

using Variables = llvm::SetVector<llvm::GlobalVariable *>;

llvm::SmallVector<llvm::GlobalVariable *> sharedVariables(llvm::Module &module) {
  llvm::SmallVector<llvm::GlobalVariable *> variables;
  for (llvm::GlobalVariable &variable : module.globals()) {
    if (variable.getAddressSpace() == sharedSpace) {
      variables.push_back(&variable);
    }
  }
  return variables;
}

Variables usedBy(const llvm::Function &kernel, llvm::ArrayRef<llvm::GlobalVariable *> variables) {
  Variables used;
  for (llvm::GlobalVariable *variable : variables) {
    for (const llvm::User *user : variable->users()) {
      if (const auto *instruction = llvm::dyn_cast<llvm::Instruction>(user);
          instruction && instruction->getFunction() == &kernel) {
        used.insert(variable);
      }
    }
  }
  return used;
}

uint64_t sizeOf(const llvm::GlobalVariable &variable) {
  return variable.getDataLayout().getTypeAllocSize(variable.getValueType());
}

void replaceIn(llvm::Function &kernel, llvm::GlobalVariable &variable, llvm::Value *address) {
  variable.replaceUsesWithIf(address, [&](llvm::Use &use) {
    auto *instruction = llvm::dyn_cast<llvm::Instruction>(use.getUser());
    return instruction && instruction->getFunction() == &kernel;
  });
}

/// Returns the bytes that are not dynamic.
uint32_t placeIn(llvm::Function &kernel, const Variables &used) {
  if (used.empty()) {
    return 0;
  }
  llvm::IRBuilder<> builder(&kernel.getEntryBlock(), kernel.getEntryBlock().begin());
  llvm::FunctionCallee shared = kernel.getParent()->getOrInsertFunction("lap_emu_shared", builder.getPtrTy());
  llvm::Value *base = builder.CreateAddrSpaceCast(builder.CreateCall(shared), builder.getPtrTy(sharedSpace));
  uint64_t end = 0;
  for (llvm::GlobalVariable *variable : used) {
    if (uint64_t bytes = sizeOf(*variable)) {
      const llvm::Align align = variable->getDataLayout().getPreferredAlign(variable);
      end = llvm::alignTo(end, align);
      replaceIn(kernel, *variable, builder.CreatePtrAdd(base, builder.getInt64(end), variable->getName()));
      end += bytes;
    }
  }
  end = llvm::alignTo(end, dynamicAlignment);
  for (llvm::GlobalVariable *variable : used) {
    if (sizeOf(*variable) == 0) {
      replaceIn(kernel, *variable, builder.CreatePtrAdd(base, builder.getInt64(end), variable->getName()));
    }
  }
  return uint32_t(end);
}

} // namespace

SharedBytes placeSharedVariables(llvm::Module &module, llvm::ArrayRef<llvm::Function *> kernels) {
  llvm::SmallVector<llvm::GlobalVariable *> variables = sharedVariables(module);
  llvm::SmallVector<llvm::Constant *> constants(variables.begin(), variables.end());
  llvm::convertUsersOfConstantsToInstructions(constants);
  SharedBytes bytes;
  for (llvm::Function *kernel : kernels) {
    bytes[kernel] = placeIn(*kernel, usedBy(*kernel, variables));
  }
  for (llvm::GlobalVariable *variable : variables) {
    if (variable->use_empty()) {
      variable->eraseFromParent();
    }
  }
  return bytes;
}

} // namespace lapidary::cuda::emulator
