//===- KernelImages.h - the device half of a program ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_CUDA_KERNELIMAGES_H
#define LAPIDARY_TARGETS_CUDA_KERNELIMAGES_H

#include "passes/TargetBackend.h"
#include "targets/cuda/Codegen.h"

namespace lapidary::cuda {

/// One lap_gpu_image before it is written (GpuAbi.h).
struct KernelImage {
  Architecture architecture;
  bool isPtx;
  std::string data; ///< PTX is NUL-terminated
};

/// The kernels for `capabilities` (ascending): cubins where ptxas is found, and always PTX of the newest, which later
/// GPUs take; without ptxas PTX of the oldest as well. Where some of the kernels are for exactly one of the
/// capabilities, its cubin (without ptxas one PTX more) is for exactly it, too. From the cache if the same kernels were
/// compiled before. Empty after an error.
std::vector<KernelImage> compileKernels(llvm::ArrayRef<const Kernel *> kernels, llvm::ArrayRef<unsigned> capabilities,
                                        EmitContext &context);

/// Writes an object that defines every kernel's symbol (a lap_gpu_kernel) and lap_gpu_module_data. Kernels for exactly
/// one capability come last.
bool writeImageObject(llvm::ArrayRef<const Kernel *> kernels, llvm::ArrayRef<KernelImage> images, llvm::StringRef path,
                      Diagnostics &diagnostics);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELIMAGES_H
