//===- Emit.h - the parts of emitting an x86-64 program ------------------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_X86_EMIT_H
#define LAPIDARY_TARGETS_X86_EMIT_H

#include "passes/TargetBackend.h"
#include "targets/x86/CpuLevels.h"

namespace lapidary::x86 {

/// Translates a module of the LLVM dialect and writes an x86-64 object to `path`. Reports InternalError, WriteFailed.
bool writeProgramObject(mlir::ModuleOp module, llvm::StringRef path, Diagnostics &diagnostics);

/// The objects of `names` (sorted, unique), from the cache or freshly built by lapidary-kernelgen; appended to `out`.
/// Reports KernelBuildFailed.
bool findKernelObjects(llvm::ArrayRef<std::string> names, const CpuLevel &level, EmitContext &context,
                       std::vector<std::string> &out);

} // namespace lapidary::x86

#endif // LAPIDARY_TARGETS_X86_EMIT_H
