//===- EmulatedKernels.h - a library of kernels for the emulated device ----===//
// SPDX-License-Identifier: Apache-2.0
//
// The last step of lapidary-cudagen --emit=emulated: the module that would become PTX becomes a shared library, which
// the emulated libcuda.so.1 opens (LAPIDARY_EMULATED_KERNELS).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_EMULATOR_EMULATEDKERNELS_H
#define LAPIDARY_TARGETS_CUDA_EMULATOR_EMULATEDKERNELS_H

#include "support/Diagnostics.h"

#include <string>

namespace llvm {
class Module;
} // namespace llvm

namespace lapidary::cuda::emulator {

/// Retargets `module` (Retarget.h), which is of no other use afterwards, to x86-64-v3 and writes a shared library to
/// `path`. Reports KernelBuildFailed, WriteFailed.
bool writeEmulatedKernels(llvm::Module &module, const std::string &path, Diagnostics &diagnostics);

} // namespace lapidary::cuda::emulator

#endif // LAPIDARY_TARGETS_CUDA_EMULATOR_EMULATEDKERNELS_H
