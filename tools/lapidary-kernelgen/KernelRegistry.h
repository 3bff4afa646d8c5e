// KernelRegistry.h - every kernel lapidary-kernelgen can build.
// SPDX-License-Identifier: Apache-2.0
//
// Joins the three sides of a kernel: its name (targets/common/KernelNames.h), its algorithm (targets/common/algorithms)
// and the schedules of a target (targets/<name>/schedules, found through a generated list).
#ifndef LAPIDARY_TOOLS_KERNELGEN_KERNELREGISTRY_H
#define LAPIDARY_TOOLS_KERNELGEN_KERNELREGISTRY_H

#include "targets/common/schedules/KernelFamily.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::kernelgen {

struct Kernel {
  std::string name;
  KernelOp op;
  lap_format format;
  const KernelFamily *family;
  const CpuIsa *isa;
};

/// All kernels, ordered by family, instruction set, op and format.
std::vector<Kernel> allKernels();

/// The instruction set of a target such as "x86_64-linux+x86-64-v3"; nullptr when the target is unknown.
const CpuIsa *targetIsa(std::string_view target);

/// The targets that targetIsa knows.
std::vector<std::string> knownTargets();

/// Writes the object of one kernel. Its only external references are memcpy and memset.
void writeObject(const Kernel &kernel, const std::string &path);

/// The candidate closest to `word`, for "did you mean"; empty when none is close.
std::string closest(std::string_view word, const std::vector<std::string> &candidates);

} // namespace lapidary::kernelgen

#endif
