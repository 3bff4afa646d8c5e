//===- LoweringPipeline.h - the passes of lower, plan and emit in order -----===//
// SPDX-License-Identifier: Apache-2.0
//
// What the driver runs after the layout phase (docs/pipeline.md). lower-kernel-to-llvm is run by the targets whose
// programs call the runtime's op drivers, inside emitObjects. `target` must outlive the pass manager.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_LOWERING_LOWERINGPIPELINE_H
#define LAPIDARY_PASSES_LOWERING_LOWERINGPIPELINE_H

#include "passes/TargetBackend.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace lapidary {

/// lower-gemma-to-kernel, fuse-kv-norms, select-kernels, insert-barriers, on a module.
void buildLoweringPipeline(mlir::OpPassManager &manager, const TargetBackend &target, const ProgramOptions &options);

/// plan-memory, on a module.
void buildPlanPipeline(mlir::OpPassManager &manager, const TargetBackend &target, const ProgramOptions &options);

std::unique_ptr<mlir::Pass> createLowerGemmaToKernelPass(const TargetBackend &target, const ProgramOptions &options);
std::unique_ptr<mlir::Pass> createFuseKvNormsPass(const TargetBackend &target);
std::unique_ptr<mlir::Pass> createSelectKernelsPass(const TargetBackend &target);

/// `descriptor` (a finished lap_program with its blobs, ProgramAbi.h) becomes the constant `lap_program_data`; empty:
/// the module gets none.
std::unique_ptr<mlir::Pass> createLowerKernelToLlvmPass(const TargetBackend &target, llvm::ArrayRef<char> descriptor);

} // namespace lapidary

#endif // LAPIDARY_PASSES_LOWERING_LOWERINGPIPELINE_H
