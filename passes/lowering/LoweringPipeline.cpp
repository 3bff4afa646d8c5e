//===- LoweringPipeline.cpp - the passes of lower and plan in order -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Memory is planned last: barriers decide how long a buffer must be kept.
//===----------------------------------------------------------------------===//
#include "passes/lowering/LoweringPipeline.h"
#include "passes/lowering/Passes.h"

void lapidary::buildLoweringPipeline(mlir::OpPassManager &manager, const TargetBackend &target,
                                     const ProgramOptions &options) {
  manager.addPass(createLowerGemmaToKernelPass(target, options));
  manager.addPass(createFuseKvNormsPass(target));
  manager.addPass(createSelectKernelsPass(target));
  manager.addPass(createInsertBarriers());
}

void lapidary::buildPlanPipeline(mlir::OpPassManager &manager, const TargetBackend &, const ProgramOptions &options) {
  PlanMemoryOptions planOptions;
  planOptions.chunk = options.chunk;
  manager.addPass(createPlanMemory(planOptions));
}
