//===- Assembly.cpp - inline assembly as calls of the emulated device ------===//
// SPDX-License-Identifier: Apache-2.0
//
// What is not wgmma (WgmmaText.h) is refused. Operands and results go through an array of words of the thread.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/RetargetSteps.h"
#include "targets/cuda/emulator/WgmmaText.h"

#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/Instructions.h"

namespace lapidary::cuda::emulator {

namespace {

class AssemblyReplacer {
public:
  AssemblyReplacer(llvm::Function &kernel, const Sites &sites)
      : kernel(kernel), module(*kernel.getParent()), builder(kernel.getContext()), sites(sites) {}

  void replace(llvm::CallInst &call, const WgmmaText &text) {
    builder.SetInsertPoint(&call);
    site = sites.of(call, builder);
    llvm::SmallVector<llvm::Value *> words = argumentsOf(call, text.sums);
    switch (text.kind) {
    case WgmmaText::Product:
      words.append(argumentsOf(call, text.a));
      words.push_back(call.getArgOperand(text.descriptor)); // two words
      store(words);
      device("lap_emu_wgmma", {builder.getInt32(uint32_t(text.type)), builder.getInt32(text.n), memory});
      break;
    case WgmmaText::Fence:
      store(words);
      device("lap_emu_wgmma_fence", {});
      break;
    case WgmmaText::Wait:
      store(words);
      device("lap_emu_wgmma_wait", {builder.getInt32(text.groups), memory, builder.getInt32(uint32_t(words.size()))});
      break;
    }
    if (!call.getType()->isVoidTy()) {
      call.replaceAllUsesWith(load(call.getType(), text.results));
    }
    call.eraseFromParent();
  }

private:
  static llvm::SmallVector<llvm::Value *> argumentsOf(const llvm::CallInst &call, llvm::ArrayRef<unsigned> numbers) {
    return llvm::map_to_vector(numbers, [&](unsigned number) { return call.getArgOperand(number); });
  }

  llvm::Value *word(uint32_t index) { return builder.CreateConstGEP1_32(builder.getInt32Ty(), memory, index); }

  /// To an array of its own: there are few such calls.
  void store(llvm::ArrayRef<llvm::Value *> values) {
    llvm::IRBuilder<> entry(&kernel.getEntryBlock(), kernel.getEntryBlock().begin());
    memory = entry.CreateAlloca(llvm::ArrayType::get(entry.getInt32Ty(), values.size() + 1));
    for (auto [index, value] : llvm::enumerate(values)) {
      builder.CreateAlignedStore(value, word(uint32_t(index)), llvm::Align(4));
    }
  }

  /// The words as results of the call; result numbers[i] is word i.
  llvm::Value *load(llvm::Type *type, llvm::ArrayRef<unsigned> numbers) {
    auto *structure = llvm::dyn_cast<llvm::StructType>(type);
    if (!structure) {
      return builder.CreateAlignedLoad(type, word(0), llvm::Align(4));
    }
    llvm::Value *result = llvm::PoisonValue::get(type);
    for (auto [index, number] : llvm::enumerate(numbers)) {
      llvm::Type *element = structure->getElementType(number);
      result = builder.CreateInsertValue(
          result, builder.CreateAlignedLoad(element, word(uint32_t(index)), llvm::Align(4)), number);
    }
    return result;
  }

  void device(llvm::StringRef name, llvm::SmallVector<llvm::Value *> arguments) {
    arguments.push_back(site);
    auto types = llvm::map_to_vector(arguments, [](llvm::Value *argument) { return argument->getType(); });
    llvm::FunctionCallee callee =
        module.getOrInsertFunction(name, llvm::FunctionType::get(builder.getVoidTy(), types, false));
    auto *declared = llvm::cast<llvm::Function>(callee.getCallee());
    declared->setDoesNotThrow();
    declared->setConvergent();
    builder.CreateCall(callee, arguments);
  }

  llvm::Function &kernel;
  llvm::Module &module;
  llvm::IRBuilder<> builder;
  const Sites &sites;
  llvm::Value *memory = nullptr, *site = nullptr;
};

} // namespace

bool replaceAssembly(llvm::Function &kernel, const Sites &sites, Diagnostics &diagnostics) {
  llvm::SmallVector<llvm::CallInst *> calls;
  for (llvm::BasicBlock &block : kernel) {
    for (llvm::Instruction &instruction : block) {
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction); call && call->isInlineAsm()) {
        calls.push_back(call);
      }
    }
  }
  AssemblyReplacer replacer(kernel, sites);
  for (llvm::CallInst *call : calls) {
    std::string problem;
    std::optional<WgmmaText> text = readWgmma(*call, problem);
    if (!text) {
      const std::string written(llvm::cast<llvm::InlineAsm>(call->getCalledOperand())->getAsmString());
      return diagnostics.error(
          ErrorCode::KernelBuildFailed,
          "the emulator does not know inline assembly '" + written + "'" + (problem.empty() ? "" : ": " + problem),
          "kernel '" + kernel.getName().str() + "'", "the forms it knows are in targets/cuda/emulator/WgmmaText.h");
    }
    replacer.replace(*call, *text);
  }
  return true;
}

} // namespace lapidary::cuda::emulator
