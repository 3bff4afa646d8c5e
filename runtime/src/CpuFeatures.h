//===- CpuFeatures.h - does this CPU have what was compiled in? -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// A program compiled for a newer CPU would die of SIGILL. The runtime itself is built for an old baseline, so it can
// start, compare lap_program.cpu_features with the CPU and say what is missing and which command helps.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CPUFEATURES_H
#define LAPIDARY_RUNTIME_CPUFEATURES_H

#include "lapidary/lapidary.h"

#include <stddef.h>

namespace lap {

/// Whether CPU and operating system offer a feature, named as in /proc/cpuinfo (name is `bytes` long). Features whose
/// registers the system does not save count as missing; so do names this runtime does not know.
bool cpuHasFeature(const char *name, size_t bytes);

using FeatureTest = bool(const char *name, size_t bytes);

/// Checks a space-separated list; LAP_UNSUPPORTED_CPU lists every missing name and the command to recompile with.
lap_status checkCpuFeatures(const char *required, const char *target, FeatureTest *has, lap_error *error);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CPUFEATURES_H
