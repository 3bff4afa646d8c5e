//===- X86Target.h - programs for x86-64 Linux ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_X86_X86TARGET_H
#define LAPIDARY_TARGETS_X86_X86TARGET_H

#include "targets/common/cpu/CpuTarget.h"

namespace lapidary::x86 {

/// The CPUs programs are compiled for, the most portable (and default) first.
const CpuFamily &cpuFamily();

std::unique_ptr<TargetBackend> createTarget();

} // namespace lapidary::x86

#endif // LAPIDARY_TARGETS_X86_X86TARGET_H
