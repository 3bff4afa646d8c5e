//===- Codegen.h - kernels from MLIR to PTX and cubin ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// gpu.module -> nvvm and llvm dialects -> LLVM IR -> PTX (LLVM's NVPTX backend) -> cubin (ptxas, where it is found).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_CODEGEN_H
#define LAPIDARY_TARGETS_CUDA_CODEGEN_H

#include "support/Diagnostics.h"
#include "targets/cuda/kernels/KernelList.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <optional>

namespace lapidary::cuda {

/// What code is made for: devices of at least a capability, or ("sm_90a", with instructions that later devices do not
/// have) of exactly that one.
struct Architecture {
  Architecture(unsigned capability, bool exact = false) : capability(capability), exact(exact) {}

  unsigned capability; ///< 10 * major + minor
  bool exact;

  std::string name() const { return "sm_" + std::to_string(capability) + (exact ? "a" : ""); }
  /// Whether devices have programmatic dependent launch (DependentLaunch.h).
  bool launchesDependents() const { return capability >= 90; }
  bool takes(const Kernel &kernel) const { return kernel.exactly == 0 || (exact && kernel.exactly == capability); }
};

/// The dialects that kernels and their lowering use.
void registerKernelDialects(mlir::MLIRContext &context);

/// A module with one gpu.module of the given kernels, as their builders wrote it (canonicalized).
mlir::OwningOpRef<mlir::ModuleOp> buildKernels(mlir::MLIRContext &context, llvm::ArrayRef<const Kernel *> kernels);

/// Lowers such a module to LLVM IR with NVVM intrinsics, not yet optimized.
/// Null after a failure, which is a bug of ours and reported as such.
std::unique_ptr<llvm::Module> lowerKernels(mlir::ModuleOp module, llvm::LLVMContext &context, Diagnostics &diagnostics);

/// Fits lowered kernels to the architecture and optimizes them: what PTX is written of.
bool optimizeKernels(llvm::Module &module, const Architecture &architecture, Diagnostics &diagnostics);

/// PTX text of an optimized module.
std::optional<std::string> emitPtx(llvm::Module &module, const Architecture &architecture, Diagnostics &diagnostics);

/// What ptxas made of a PTX module.
struct Assembly {
  std::string cubin;
  std::string report; ///< what `ptxas -v` says: registers, spills, shared memory per kernel
};

/// The path of ptxas: $LAPIDARY_PTXAS, the PATH, or CUDA's usual folder; "" when there is none.
std::string findPtxas();

/// Assembles for exactly one capability. `directory` takes intermediate files.
std::optional<Assembly> assemble(llvm::StringRef ptx, const Architecture &architecture, llvm::StringRef directory,
                                 Diagnostics &diagnostics);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_CODEGEN_H
