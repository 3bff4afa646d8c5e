//===- Descriptors.cpp - what the emulated device knows of a kernel --------===//
// SPDX-License-Identifier: Apache-2.0
//
// Writes the structs of Abi.h as constants, and the function that runs a kernel with a list of pointers to parameters.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/Abi.h"
#include "targets/cuda/emulator/RetargetSteps.h"

#include "llvm/IR/Constants.h"

namespace lapidary::cuda::emulator {

namespace {

llvm::Constant *constantWords(llvm::Module &module, llvm::ArrayRef<uint32_t> words) {
  llvm::Constant *array = llvm::ConstantDataArray::get(module.getContext(), words);
  return new llvm::GlobalVariable(module, array->getType(), /*isConstant=*/true, llvm::GlobalValue::PrivateLinkage,
                                  array);
}

llvm::Constant *constantText(llvm::Module &module, llvm::StringRef text) {
  llvm::Constant *array = llvm::ConstantDataArray::getString(module.getContext(), text);
  return new llvm::GlobalVariable(module, array->getType(), /*isConstant=*/true, llvm::GlobalValue::PrivateLinkage,
                                  array);
}

void exportConstant(llvm::Module &module, llvm::Constant *value, const llvm::Twine &name) {
  new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true, llvm::GlobalValue::ExternalLinkage, value,
                           name);
}

llvm::Function *makeLaunch(llvm::Function &kernel) {
  llvm::Module &module = *kernel.getParent();
  llvm::IRBuilder<> builder(module.getContext());
  auto *type = llvm::FunctionType::get(builder.getVoidTy(), {builder.getPtrTy()}, false);
  auto *launch =
      llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, kernel.getName() + "__launch", module);
  builder.SetInsertPoint(llvm::BasicBlock::Create(module.getContext(), "", launch));
  llvm::SmallVector<llvm::Value *> arguments;
  for (llvm::Argument &parameter : kernel.args()) {
    llvm::Value *slot = builder.CreateConstGEP1_32(builder.getPtrTy(), launch->getArg(0), parameter.getArgNo());
    arguments.push_back(builder.CreateLoad(parameter.getType(), builder.CreateLoad(builder.getPtrTy(), slot)));
  }
  builder.CreateCall(&kernel, arguments);
  builder.CreateRetVoid();
  return launch;
}

/// "128,1,1" or "128", as MLIR and clang write it.
std::array<uint32_t, 3> requiredThreads(const llvm::Function &kernel) {
  std::array<uint32_t, 3> threads{0, 0, 0};
  llvm::StringRef text = kernel.getFnAttribute("nvvm.reqntid").getValueAsString();
  for (size_t i = 0; i < threads.size() && !text.empty(); ++i) {
    auto [first, rest] = text.split(',');
    if (first.trim().getAsInteger(10, threads[i])) {
      return {0, 0, 0};
    }
    text = rest;
  }
  if (threads[0] != 0) {
    threads[1] = std::max(threads[1], 1u);
    threads[2] = std::max(threads[2], 1u);
  }
  return threads;
}

} // namespace

bool describeKernel(llvm::Function &kernel, uint32_t sharedBytes, uint64_t writtenParameters,
                    Diagnostics &diagnostics) {
  llvm::Module &module = *kernel.getParent();
  llvm::SmallVector<uint32_t> bytes;
  for (llvm::Argument &parameter : kernel.args()) {
    if (!parameter.getType()->isSingleValueType() || parameter.hasByValAttr()) {
      return diagnostics.error(ErrorCode::KernelBuildFailed,
                               "parameter " + std::to_string(parameter.getArgNo()) + " is not a number or a pointer",
                               "kernel '" + kernel.getName().str() + "'",
                               "the emulator passes numbers and pointers; pass a structure in memory");
    }
    bytes.push_back(uint32_t(module.getDataLayout().getTypeStoreSize(parameter.getType())));
  }
  kernel.setCallingConv(llvm::CallingConv::C);
  kernel.setLinkage(llvm::GlobalValue::InternalLinkage);
  kernel.setVisibility(llvm::GlobalValue::DefaultVisibility);
  kernel.setDSOLocal(true);
  llvm::IRBuilder<> builder(module.getContext());
  const std::array<uint32_t, 3> threads = requiredThreads(kernel);
  exportConstant(module,
                 llvm::ConstantStruct::getAnon({constantText(module, kernel.getName()), makeLaunch(kernel),
                                                constantWords(module, bytes), builder.getInt64(writtenParameters),
                                                builder.getInt32(uint32_t(bytes.size())), builder.getInt32(sharedBytes),
                                                llvm::ConstantDataArray::get(module.getContext(), threads)}),
                 kernel.getName() + "__kernel");
  return true;
}

void describeSites(llvm::Module &module, const Sites &sites) {
  llvm::IRBuilder<> builder(module.getContext());
  llvm::SmallVector<llvm::Constant *> texts;
  for (const std::string &text : sites.texts()) {
    texts.push_back(constantText(module, text));
  }
  auto *type = llvm::ArrayType::get(builder.getPtrTy(), texts.size());
  exportConstant(module, llvm::ConstantArray::get(type, texts), "lap_emu_sites");
  exportConstant(module, builder.getInt32(uint32_t(texts.size())), "lap_emu_site_count");
}

} // namespace lapidary::cuda::emulator
