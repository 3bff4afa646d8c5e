//===- KernelList.cpp - every kernel of the target, by name ------------------===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/KernelList.h"

namespace lapidary::cuda {

const KernelList &allKernels() {
  static const KernelList kernels = [] {
    KernelList list;
    for (auto add : {addElementwiseKernels, addEmbedKernels, addQuantizeKernels, addNormKernels, addKvAppendKernels,
                     addAttentionKernels, addFlashKernels, addMatvecKernels, addMatmatKernels, addRoutingKernels,
                     addWarpgroupMatmatKernels, addWarpgroupBf16Kernels, addWarpgroupF16Kernels, addLogitKernels}) {
      add(list);
    }
    return list;
  }();
  return kernels;
}

const Kernel *findKernel(llvm::StringRef name) {
  auto found = llvm::find_if(allKernels(), [&](const Kernel &kernel) { return kernel.name == name; });
  return found == allKernels().end() ? nullptr : &*found;
}

bool isExactFormOf(const Kernel &form, const Kernel &kernel) {
  const auto operation = [](llvm::StringRef name) { return name.rsplit('-').first.rsplit('-').first; };
  return form.exactly != 0 && kernel.exactly == 0 && operation(form.name) == operation(kernel.name);
}

} // namespace lapidary::cuda
