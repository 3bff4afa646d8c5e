//===- VtcmReport.h - how much of a program goes through VTCM ----------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_HEXAGON_VTCMREPORT_H
#define LAPIDARY_TARGETS_HEXAGON_VTCMREPORT_H

#include "passes/TargetBackend.h"

namespace lapidary::hexagon {

/// Lines for the compile report: VTCM of a version, its buffers, and how the weights of `module`'s products and
/// its caches are cut into blocks. Empty when the version has no VTCM.
std::vector<std::string> vtcmNotes(mlir::ModuleOp module, const TargetBackend &target, int version);

} // namespace lapidary::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_VTCMREPORT_H
