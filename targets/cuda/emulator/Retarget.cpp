//===- Retarget.cpp - kernels as host code ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The order of steps, and what is the same for all kernels.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/Retarget.h"

#include "targets/cuda/LlvmPasses.h"
#include "targets/cuda/emulator/Abi.h"
#include "targets/cuda/emulator/RetargetSteps.h"

#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/ModuleSlotTracker.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/IPO/AlwaysInliner.h"

namespace lapidary::cuda::emulator {

namespace {

constexpr size_t longestText = 160;

bool needsSite(const llvm::Instruction &instruction) {
  return instruction.mayReadOrWriteMemory() || llvm::isa<llvm::CallBase>(instruction);
}

std::string describe(const llvm::Instruction &instruction, size_t number, llvm::ModuleSlotTracker &slots) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "instruction " << number << " of '" << instruction.getFunction()->getName() << "': ";
  std::string printed;
  llvm::raw_string_ostream printing(printed);
  instruction.print(printing, slots);
  stream << llvm::StringRef(printed).ltrim().split(", !").first.take_front(longestText);
  if (const llvm::DebugLoc &location = instruction.getDebugLoc()) {
    stream << " (";
    location.print(stream);
    stream << ")";
  }
  return text;
}

/// Calls are inlined, so that a kernel's shared memory has one layout, and its positions are those of one function.
void inlineEverything(llvm::Module &module) {
  for (llvm::Function &function : module) {
    if (!function.isDeclaration() && function.getCallingConv() != llvm::CallingConv::PTX_Kernel) {
      function.removeFnAttr(llvm::Attribute::NoInline);
      function.removeFnAttr(llvm::Attribute::OptimizeNone);
      function.addFnAttr(llvm::Attribute::AlwaysInline);
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
    }
  }
  LlvmPasses passes;
  llvm::AlwaysInlinerPass(/*InsertLifetime=*/false).run(module, passes.modules);
}

/// What a GPU's compiler may assume about memory is not true of code with checks in it.
void dropAssumptions(llvm::Function &kernel) {
  for (llvm::BasicBlock &block : kernel) {
    for (llvm::Instruction &instruction : block) {
      for (unsigned kind : {llvm::LLVMContext::MD_noalias, llvm::LLVMContext::MD_alias_scope,
                            llvm::LLVMContext::MD_invariant_load, llvm::LLVMContext::MD_tbaa}) {
        instruction.setMetadata(kind, nullptr);
      }
    }
  }
  kernel.setAttributes({});
  kernel.addFnAttr(llvm::Attribute::NoUnwind);
}

bool checkFunctions(llvm::Module &module, Diagnostics &diagnostics) {
  for (llvm::Function &function : llvm::make_early_inc_range(module)) {
    if (function.isDeclaration() && function.use_empty()) {
      function.eraseFromParent();
    } else if (!function.isDeclaration() && function.getCallingConv() != llvm::CallingConv::PTX_Kernel) {
      return diagnostics.error(ErrorCode::KernelBuildFailed,
                               "function '" + function.getName().str() + "' cannot be inlined into its kernels",
                               module.getName().str(), "the emulator has no recursion and no function pointers");
    } else if (function.isDeclaration() && !function.isIntrinsic()) {
      return diagnostics.error(ErrorCode::KernelBuildFailed,
                               "kernels call the external function '" + function.getName().str() +
                                   "', which the emulator does not have",
                               module.getName().str(), "emulated kernels use intrinsics only");
    }
  }
  return true;
}

bool verify(llvm::Module &module, const char *when, Diagnostics &diagnostics) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  return !llvm::verifyModule(module, &stream) ||
         diagnostics.error(ErrorCode::KernelBuildFailed,
                           std::string("the module of kernels is not valid ") + when + ": " + text,
                           module.getName().str());
}

} // namespace

void Sites::addKernel(llvm::Function &kernel) {
  llvm::ModuleSlotTracker slots(kernel.getParent());
  slots.incorporateFunction(kernel);
  size_t number = 0;
  for (llvm::BasicBlock &block : kernel) {
    for (llvm::Instruction &instruction : block) {
      if (needsSite(instruction)) {
        numbers[&instruction] = uint32_t(all.size());
        all.push_back(describe(instruction, number, slots));
      }
      ++number;
    }
  }
}

std::vector<llvm::Function *> kernelsOf(llvm::Module &module) {
  std::vector<llvm::Function *> kernels;
  for (llvm::Function &function : module) {
    if (!function.isDeclaration() && function.getCallingConv() == llvm::CallingConv::PTX_Kernel) {
      kernels.push_back(&function);
    }
  }
  return kernels;
}

bool retarget(llvm::Module &module, const llvm::Triple &triple, const llvm::DataLayout &layout,
              Diagnostics &diagnostics) {
  if (!verify(module, "", diagnostics)) {
    return false;
  }
  inlineEverything(module);
  std::vector<llvm::Function *> kernels = kernelsOf(module);
  if (kernels.empty()) {
    return diagnostics.error(ErrorCode::KernelBuildFailed, "the module has no kernels", module.getName().str(),
                             "kernels are definitions with the calling convention ptx_kernel");
  }
  if (!checkFunctions(module, diagnostics)) {
    return false;
  }
  Sites sites;
  for (llvm::Function *kernel : kernels) {
    sites.addKernel(*kernel);
  }
  if (sites.texts().size() >= size_t(1) << siteBits) {
    return diagnostics.error(ErrorCode::KernelBuildFailed,
                             "the module has " + std::to_string(sites.texts().size()) +
                                 " instructions to watch, at most " + std::to_string(1u << siteBits),
                             module.getName().str(), "retarget the kernels in several modules");
  }
  const SharedBytes shared = placeSharedVariables(module, kernels);
  for (llvm::Function *kernel : kernels) {
    const uint64_t written = writtenParameters(*kernel);
    checkAccesses(*kernel, sites);
    if (!replaceAssembly(*kernel, sites, diagnostics) || !replaceIntrinsics(*kernel, sites, diagnostics) ||
        !describeKernel(*kernel, shared.lookup(kernel), written, diagnostics)) {
      return false;
    }
    dropAssumptions(*kernel);
  }
  describeSites(module, sites);
  module.setTargetTriple(triple);
  module.setDataLayout(layout);
  return verify(module, "after it was retargeted", diagnostics);
}

} // namespace lapidary::cuda::emulator
