//===- lapidary-opt.cpp - runs passes on text -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The test driver of dialects and passes: reads MLIR, runs `--pass-pipeline` or single passes, prints MLIR. lit tests
// use it; the compiler itself is `lapidary`.
//===----------------------------------------------------------------------===//
#include "dialects/gemma/Gemma.h"
#include "dialects/kernel/Kernel.h"
#ifdef LAPIDARY_HAS_PASSES
#include "passes/Passes.h"
#endif

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<lapidary::gemma::GemmaDialect, lapidary::kernel::KernelDialect, mlir::func::FuncDialect,
                  mlir::LLVM::LLVMDialect>();
  mlir::registerTransformsPasses();
#ifdef LAPIDARY_HAS_PASSES
  lapidary::registerLapidaryPasses();
#endif
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Lapidary's pass driver\n", registry));
}
