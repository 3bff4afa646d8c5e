//===- LayoutPipeline.h - the passes of the layout phase in order -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the driver runs between quantize and lower (docs/pipeline.md). `target` must outlive the pass manager.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_LAYOUT_LAYOUTPIPELINE_H
#define LAPIDARY_PASSES_LAYOUT_LAYOUTPIPELINE_H

#include "passes/TargetBackend.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace lapidary {

/// layout-moe-experts, pack-weights, plan-kv-cache, on a module.
void buildLayoutPipeline(mlir::OpPassManager &manager, const TargetBackend &target, const ProgramOptions &options);

std::unique_ptr<mlir::Pass> createLayoutMoeExpertsPass(const TargetBackend &target);
std::unique_ptr<mlir::Pass> createPackWeightsPass(const TargetBackend &target);
std::unique_ptr<mlir::Pass> createPlanKvCachePass(const TargetBackend &target, const ProgramOptions &options);

} // namespace lapidary

#endif // LAPIDARY_PASSES_LAYOUT_LAYOUTPIPELINE_H
