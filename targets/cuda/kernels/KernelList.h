//===- KernelList.h - every kernel of the target, by name --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A kernel's name is dtype-op-tile-isa, its entry point the name with '_' for '-' (targets/common/KernelNames.h). One
// function per file of this folder adds that file's kernels.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_KERNELLIST_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_KERNELLIST_H

#include "targets/cuda/kernels/KernelBuilder.h"

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace lapidary::cuda {

struct Kernel {
  std::string name;
  unsigned threads;             ///< of a block
  std::array<unsigned, 2> tile; ///< what a block covers (lap_gpu_kernel.tile)
  unsigned sharedBytes;         ///< dynamic
  std::function<void(KernelBuilder &)> build;
  unsigned exactly = 0; ///< the only capability whose devices run it (10 * major + minor), 0: all do
};

using KernelList = std::vector<Kernel>;

void addElementwiseKernels(KernelList &list);     ///< gelu_mul, add, scale, softcap, combine_experts
void addEmbedKernels(KernelList &list);           ///< embed
void addQuantizeKernels(KernelList &list);        ///< quantize
void addNormKernels(KernelList &list);            ///< rms_norm, residual_norm, rotary_table, norm_rotary
void addKvAppendKernels(KernelList &list);        ///< kv_append, kv_norm_append
void addAttentionKernels(KernelList &list);       ///< attention slices and their merge
void addFlashKernels(KernelList &list);           ///< attention of many rows
void addMatvecKernels(KernelList &list);          ///< products with few rows, also routed ones
void addMatmatKernels(KernelList &list);          ///< products with many rows, also routed ones
void addRoutingKernels(KernelList &list);         ///< route, sort_experts
void addWarpgroupMatmatKernels(KernelList &list); ///< products with many rows for capability 9.0
void addWarpgroupBf16Kernels(KernelList &list);   ///< the same for bf16 weights
void addWarpgroupF16Kernels(KernelList &list);    ///< the same for group formats, also routed
void addLogitKernels(KernelList &list);           ///< logit_maxima, logit_search, logit_weigh

/// What no op names: the kernels that the runtime launches to sample, as lap_gpu_module lists them.
std::vector<std::string> samplingKernels();

/// All of them.
const KernelList &allKernels();

/// The kernel of that name, or null.
const Kernel *findKernel(llvm::StringRef name);

/// Whether `form` does what `kernel` does, on devices of exactly one capability: it has the same name but for tile and
/// isa, and the same parameters; a block covers more rows and columns.
bool isExactFormOf(const Kernel &form, const Kernel &kernel);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_KERNELLIST_H
