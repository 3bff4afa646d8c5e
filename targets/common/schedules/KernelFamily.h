// KernelFamily.h - the kernels that lapidary-kernelgen builds for one target.
// SPDX-License-Identifier: Apache-2.0
//
// Each targets/<name>/schedules answers with one of these (`kernelFamily()` in the target's namespace); the list of
// them is generated from targets/CMakeLists.txt. A family may leave kernels out that its folder brings written by hand.
#ifndef LAPIDARY_TARGETS_COMMON_SCHEDULES_KERNELFAMILY_H
#define LAPIDARY_TARGETS_COMMON_SCHEDULES_KERNELFAMILY_H

#include "targets/common/KernelNames.h"
#include "targets/common/schedules/CpuSchedules.h"

#include <string_view>
#include <utility>
#include <vector>

namespace lapidary {

struct KernelFamily {
  std::string_view target;       // "x86_64-linux"
  std::string_view halideTarget; // "x86-64-linux": architecture, bits and system
  std::vector<CpuIsa> isas;
  std::vector<std::pair<std::string_view, std::string_view>> cpus;   // CPU behind the '+', "" for none; its isa's name
  bool (*builds)(KernelOp op, lap_format format, const CpuIsa &isa); // false: the kernel is written by hand
  Algorithm (*build)(KernelOp op, lap_format format, const CpuIsa &isa);
};

/// The scheduled algorithm of every kernel but the products of integer matrices, which machines do too differently.
Algorithm buildCommonKernel(KernelOp op, lap_format format, const CpuIsa &isa);

/// True for the products that buildCommonKernel leaves to the target.
bool isIntegerProduct(KernelOp op, lap_format format);

} // namespace lapidary

#endif
