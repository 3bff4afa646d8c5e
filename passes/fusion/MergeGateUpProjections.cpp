//===- MergeGateUpProjections.cpp - merge-gate-up-projections ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The gate and up projections of an MLP read the same rows and meet in one gelu_mul; stacked they are one product:
//
//   %g = gemma.linear %f, %wg          %w = gemma.concat_rows %wg, %wu
//   %u = gemma.linear %f, %wu    ->    %y = gemma.linear %f, %w
//   %a = gemma.gelu_mul %g, %u         %a = gemma.gelu_mul (slice_columns %y from 0), (slice_columns %y from M)
//
// A gelu_mul that gates something else (a slice of the per-layer embeddings) has no pair and stays.
//===----------------------------------------------------------------------===//
#include "passes/fusion/MergeLinears.h"
#include "passes/fusion/Passes.h"

using namespace mlir;

namespace lapidary {
#define GEN_PASS_DEF_MERGEGATEUPPROJECTIONS
#include "passes/fusion/Passes.h.inc"

namespace {
/// The product that makes `rows`, before its static range if it has one.
gemma::LinearOp productOf(Value rows) {
  auto round = rows.getDefiningOp<gemma::StaticRoundOp>();
  if (round && !rows.hasOneUse()) {
    return {};
  }
  return (round ? round.getInput() : rows).getDefiningOp<gemma::LinearOp>();
}

struct MergeGateUpProjections : impl::MergeGateUpProjectionsBase<MergeGateUpProjections> {
  void runOnOperation() override {
    WeightReaders readers(getOperation());
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](gemma::GeluMulOp geluMul) {
      gemma::LinearOp gate = productOf(geluMul.getGate()), up = productOf(geluMul.getUp());
      bool isPair = gate && up && gate != up && gate->getBlock() == up->getBlock() && gate->hasOneUse() &&
                    up->hasOneUse() && readers.isMergeable(gate) && readers.isMergeable(up);
      if (isPair && succeeded(mergeLinears(rewriter, {gate, up}))) {
        ++numMerged;
      }
    });
  }
};
} // namespace
} // namespace lapidary
