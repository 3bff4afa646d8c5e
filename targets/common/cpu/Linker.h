//===- Linker.h - LLD, and archives ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What linking has in common for all targets. LLD runs inside the compiler, so nothing else has to be installed.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_CPU_LINKER_H
#define LAPIDARY_TARGETS_COMMON_CPU_LINKER_H

#include "passes/TargetBackend.h"

namespace lapidary {

/// Runs ld.lld with `arguments`, the program's name first. Reports KernelBuildFailed with the linker's words.
bool runLinker(const std::vector<std::string> &arguments, Diagnostics &diagnostics);

/// Writes lib`name`.a, of the objects and all members of `archives`, and lib`name`.so of that. Reports WriteFailed,
/// KernelBuildFailed.
bool linkLibraries(const EmittedObjects &objects, llvm::ArrayRef<std::string> archives, llvm::StringRef directory,
                   llvm::StringRef name, Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_CPU_LINKER_H
