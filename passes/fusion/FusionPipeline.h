//===- FusionPipeline.h - the fuse phase as one call -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The order of the fuse passes lives here and nowhere else; the driver, lapidary-opt and the tests use it.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_FUSION_FUSIONPIPELINE_H
#define LAPIDARY_PASSES_FUSION_FUSIONPIPELINE_H

#include "mlir/Pass/PassManager.h"

namespace lapidary {

/// Adds the fuse phase to a pass manager anchored on builtin.module. Afterwards the module has @score, @step, @extend.
void buildFusionPipeline(mlir::OpPassManager &passes);

/// Makes the phase available to tools as `--fusion-pipeline`.
void registerFusionPipeline();

} // namespace lapidary

#endif // LAPIDARY_PASSES_FUSION_FUSIONPIPELINE_H
