//===- Emit.h - the parts of emitting a CPU program -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_COMMON_CPU_EMIT_H
#define LAPIDARY_TARGETS_COMMON_CPU_EMIT_H

#include "passes/TargetBackend.h"
#include "targets/common/cpu/CpuFamily.h"

#include "llvm/IR/Module.h"

namespace lapidary {

/// The names of all kernels that the module's ops were given, sorted.
std::vector<std::string> kernelsOf(mlir::ModuleOp module);

/// Writes LLVM IR as an object of the family. Reports InternalError, WriteFailed.
bool writeObject(llvm::Module &ir, const CpuFamily &family, llvm::StringRef path, Diagnostics &diagnostics);

/// Translates a module of the LLVM dialect and writes an object of the family to `path`. Reports InternalError,
/// WriteFailed.
bool writeProgramObject(mlir::ModuleOp module, const CpuFamily &family, llvm::StringRef path, Diagnostics &diagnostics);

/// The family's files below the compiler's resource directory.
std::string resourcesOf(const CpuFamily &family, const EmitContext &context);

/// The archive of the level's kernels that are written by hand; "" when there are none.
std::string kernelArchive(const CpuFamily &family, const CpuLevel &level, const EmitContext &context);

/// The objects of `names` (sorted, unique) that the level's archive does not hold, from the cache or freshly built by
/// lapidary-kernelgen; appended to `out`. Reports KernelBuildFailed.
bool findKernelObjects(llvm::ArrayRef<std::string> names, const CpuFamily &family, const CpuLevel &level,
                       EmitContext &context, std::vector<std::string> &out);

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_CPU_EMIT_H
