//===- FuseGatedGelu.cpp - fuse-gated-gelu -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every MLP, and the injection of per-layer embeddings, gates one projection with the GELU of another:
//
//   %a = gemma.gelu %g
//   %y = gemma.mul %a, %u      ->   %y = gemma.gelu_mul %g, %u
//
// One op so that the gate is never written to memory, and so that merge-gate-up-projections can find its pairs.
//===----------------------------------------------------------------------===//
#include "passes/fusion/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace lapidary {
#define GEN_PASS_DEF_FUSEGATEDGELU
#include "passes/fusion/Passes.h.inc"

namespace {
struct FuseGelu : OpRewritePattern<gemma::MulOp> {
  FuseGelu(MLIRContext *context, Pass::Statistic &fused) : OpRewritePattern(context), fused(fused) {}

  LogicalResult matchAndRewrite(gemma::MulOp mul, PatternRewriter &rewriter) const override {
    for (auto [gated, up] : {std::pair<Value, Value>{mul.getLhs(), mul.getRhs()}, {mul.getRhs(), mul.getLhs()}}) {
      auto gelu = gated.getDefiningOp<gemma::GeluOp>();
      if (!gelu || !gated.hasOneUse()) {
        continue;
      }
      auto geluMul = gemma::GeluMulOp::create(rewriter, rewriter.getFusedLoc({gelu.getLoc(), mul.getLoc()}),
                                              mul.getResult().getType(), gelu.getInput(), up);
      rewriter.replaceOp(mul, geluMul);
      ++fused;
      return success();
    }
    return failure();
  }

  Pass::Statistic &fused;
};

struct FuseGatedGelu : impl::FuseGatedGeluBase<FuseGatedGelu> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseGelu>(&getContext(), numFused);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      signalPassFailure();
    }
  }
};
} // namespace
} // namespace lapidary
