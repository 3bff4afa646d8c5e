//===- EmulateKernels.cpp - a file of NVVM IR to a library of kernels ------===//
// SPDX-License-Identifier: Apache-2.0
//
// usage: emulate-kernels IN.ll OUT.so
// For tests that write kernels in files; lapidary-cudagen does the same for the kernels of programs.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/EmulatedKernels.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdio>

int main(int count, char **words) {
  if (count != 3) {
    std::fprintf(stderr, "usage: emulate-kernels IN.ll OUT.so\n");
    return 2;
  }
  llvm::LLVMContext context;
  llvm::SMDiagnostic problem;
  std::unique_ptr<llvm::Module> module = llvm::parseIRFile(words[1], problem, context);
  if (!module) {
    problem.print("emulate-kernels", llvm::errs());
    return 2;
  }
  lapidary::Diagnostics diagnostics([](const lapidary::Diagnostic &diagnostic) {
    std::fputs(lapidary::formatDiagnostic(diagnostic, /*color=*/false).c_str(), stderr);
  });
  return lapidary::cuda::emulator::writeEmulatedKernels(*module, words[2], diagnostics) ? 0 : diagnostics.exitCode();
}
