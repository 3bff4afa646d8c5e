//===- FusionPipeline.cpp - the fuse phase as one call -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Attention first, because its chains name the query that later passes look for. fold-norm-scale runs before norms
// disappear into fused ops, gelus before the pairs they reveal, pruning last: it clones what the others have made.
//===----------------------------------------------------------------------===//
#include "passes/fusion/FusionPipeline.h"

#include "passes/fusion/Passes.h"

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace lapidary {

void buildFusionPipeline(OpPassManager &passes) {
  // A frontend may read one weight or split one projection twice; the matchers then see one value.
  passes.addNestedPass<func::FuncOp>(createCSEPass());
  passes.addNestedPass<func::FuncOp>(createFuseSlidingWindowAttention());
  passes.addNestedPass<func::FuncOp>(createFuseGlobalAttention());
  passes.addNestedPass<func::FuncOp>(createFoldNormScale());
  passes.addNestedPass<func::FuncOp>(createFuseNormRotary());
  passes.addNestedPass<func::FuncOp>(createFuseGatedGelu());
  passes.addNestedPass<func::FuncOp>(createFuseResidualNorm());
  passes.addNestedPass<func::FuncOp>(createMergeQkvProjections());
  passes.addNestedPass<func::FuncOp>(createMergeGateUpProjections());
  passes.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  passes.addPass(createPruneDeadPositions());
  passes.addNestedPass<func::FuncOp>(createCSEPass());
}

void registerFusionPipeline() {
  PassPipelineRegistration<>("fusion-pipeline", "The fuse phase: all fusion passes in order", buildFusionPipeline);
}

} // namespace lapidary
