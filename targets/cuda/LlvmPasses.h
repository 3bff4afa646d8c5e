//===- LlvmPasses.h - LLVM passes over a module of kernels ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// LLVM's pass manager needs four analysis managers that know each other. PTX (Codegen.cpp) and the emulator need the
// same.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_LLVMPASSES_H
#define LAPIDARY_TARGETS_CUDA_LLVMPASSES_H

#include "llvm/Passes/PassBuilder.h"

namespace lapidary::cuda {

/// Everything that a pass over a module asks for. Not copyable: the managers hold each other's addresses.
struct LlvmPasses {
  explicit LlvmPasses(llvm::TargetMachine *machine = nullptr) : builder(machine) {
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(callGraph);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, callGraph, modules);
  }
  LlvmPasses(const LlvmPasses &) = delete;
  LlvmPasses &operator=(const LlvmPasses &) = delete;

  /// LLVM's own pipeline of a level.
  void optimize(llvm::Module &module, llvm::OptimizationLevel level) {
    builder.buildPerModuleDefaultPipeline(level).run(module, modules);
  }

  // In this order: a manager must outlive those that point into it.
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder;
};

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_LLVMPASSES_H
