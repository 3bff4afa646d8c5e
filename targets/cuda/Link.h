//===- Link.h - GPU programs and libraries from objects -----------------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_CUDA_LINK_H
#define LAPIDARY_TARGETS_CUDA_LINK_H

#include "passes/TargetBackend.h"

namespace lapidary {

/// Links the objects of a GPU program (program functions, descriptor, lap_gpu_module_data; x86-64) with the runtime
/// into a position-independent executable for glibc 2.28 and newer, without weights yet. Reports KernelBuildFailed.
bool linkCudaProgram(const EmittedObjects &objects, llvm::StringRef image, EmitContext &context);

/// The same as lib`name`.a and lib`name`.so in `directory`. Reports KernelBuildFailed, WriteFailed.
bool linkCudaLibrary(const EmittedObjects &objects, llvm::StringRef directory, llvm::StringRef name,
                     EmitContext &context);

} // namespace lapidary

#endif // LAPIDARY_TARGETS_CUDA_LINK_H
