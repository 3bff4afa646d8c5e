//===- LayoutPipeline.cpp - the passes of the layout phase in order ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Order: experts first (pack-weights places them), caches any time.
//===----------------------------------------------------------------------===//
#include "passes/layout/LayoutPipeline.h"

void lapidary::buildLayoutPipeline(mlir::OpPassManager &manager, const TargetBackend &target,
                                   const ProgramOptions &options) {
  manager.addPass(createLayoutMoeExpertsPass(target));
  manager.addPass(createPackWeightsPass(target));
  manager.addPass(createPlanKvCachePass(target, options));
}
