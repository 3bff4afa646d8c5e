//===- Passes.h - every pass, for tools ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// lapidary-opt registers all passes through this header; each folder's Passes.td generates its own function. The fuse
// phase is also registered as a whole, because its order is part of what it does.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_PASSES_H
#define LAPIDARY_PASSES_PASSES_H

#include "passes/fusion/FusionPipeline.h"
#include "passes/fusion/Passes.h"
#include "passes/layout/Passes.h"
#include "passes/lowering/Passes.h"
#include "passes/quantization/Passes.h"

namespace lapidary {

inline void registerLapidaryPasses() {
  registerFusionPasses();
  registerFusionPipeline();
  registerQuantizationPasses();
  registerLayoutPasses();
  registerLoweringPasses();
}

} // namespace lapidary

#endif // LAPIDARY_PASSES_PASSES_H
