//===- ArmTarget.h - programs for aarch64 Linux --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_ARM_ARMTARGET_H
#define LAPIDARY_TARGETS_ARM_ARMTARGET_H

#include "targets/common/cpu/CpuTarget.h"

namespace lapidary::arm {

/// The CPUs programs are compiled for, the most portable first; the default is the Cortex-A76.
const CpuFamily &cpuFamily();

std::unique_ptr<TargetBackend> createTarget();

} // namespace lapidary::arm

#endif // LAPIDARY_TARGETS_ARM_ARMTARGET_H
