//===- lapidary-lsp-server.cpp - editor support for .mlir files -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// A language server that knows Lapidary's dialects: hover, go to definition and verifier errors while editing tests
// and phase dumps. Point the MLIR extension of an editor at this program.
//===----------------------------------------------------------------------===//
#include "dialects/gemma/Gemma.h"
#include "dialects/kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<lapidary::gemma::GemmaDialect, lapidary::kernel::KernelDialect, mlir::func::FuncDialect,
                  mlir::LLVM::LLVMDialect>();
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry)) ? 1 : 0;
}
