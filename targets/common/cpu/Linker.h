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

/// Options that all programs are linked with into `image`: full RELRO, no segment that is writable and executable,
/// unused sections left out. Symbols stay, because profilers and back traces of a program name its kernels.
std::vector<std::string> programLinkOptions(llvm::StringRef image);

/// What is linked for the glibc of the machine that will run it: the symbols of glibc's libraries as of 2.28, which are
/// needed by name (DT_NEEDED) where they are used, and the functions that every file brings along (fstat, before 2.33).
/// `directory` holds them (cmake/ZigLibraries.cmake).
std::vector<std::string> glibcLibraries(llvm::StringRef directory);

/// Writes lib`name`.a, of the objects and all members of `archives`, and lib`name`.so of that. With `systemLibraries`
/// the latter refers to nothing that they do not have; without, its program must bring libc. Reports WriteFailed,
/// KernelBuildFailed.
bool linkLibraries(const EmittedObjects &objects, llvm::ArrayRef<std::string> archives,
                   llvm::ArrayRef<std::string> systemLibraries, llvm::StringRef directory, llvm::StringRef name,
                   Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_CPU_LINKER_H
