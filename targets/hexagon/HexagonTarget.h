//===- HexagonTarget.h - programs for Hexagon DSPs ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_HEXAGON_HEXAGONTARGET_H
#define LAPIDARY_TARGETS_HEXAGON_HEXAGONTARGET_H

#include "targets/common/cpu/CpuTarget.h"

namespace lapidary::hexagon {

/// The versions programs are compiled for, the oldest first, which is the default.
const CpuFamily &cpuFamily();

std::unique_ptr<TargetBackend> createTarget();

} // namespace lapidary::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_HEXAGONTARGET_H
