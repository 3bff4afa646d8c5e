// Schedules.h - how products of integer matrices run on x86-64.
// SPDX-License-Identifier: Apache-2.0
//
// Everything else is scheduled as on other CPUs (targets/common/schedules).
#ifndef LAPIDARY_TARGETS_X86_SCHEDULES_SCHEDULES_H
#define LAPIDARY_TARGETS_X86_SCHEDULES_SCHEDULES_H

#include "targets/common/schedules/KernelFamily.h"

namespace lapidary::x86 {

/// The kernels of this target, for lapidary-kernelgen's list of families.
const KernelFamily &kernelFamily();

/// matvec (one row of activations) or matmat (many).
void schedule(GroupMatmul &algorithm, bool manyRows, const CpuIsa &isa);
void schedule(RowMatmul &algorithm, bool manyRows, const CpuIsa &isa);

} // namespace lapidary::x86

#endif
