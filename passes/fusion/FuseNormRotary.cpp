//===- FuseNormRotary.cpp - fuse-norm-rotary ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Queries and keys are normed per head and rotated at once, while the head is in registers:
//
//   %n = gemma.rms_norm %q, %w eps ..
//   %r = gemma.rotary %n, %positions theta ..      ->   %r = gemma.norm_rotary %q, %w, %positions eps .. theta ..
//
// Values are normed without a weight and never rotated; they stay gemma.rms_norm (gemma4-spec 4.4).
//===----------------------------------------------------------------------===//
#include "passes/fusion/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace lapidary {
#define GEN_PASS_DEF_FUSENORMROTARY
#include "passes/fusion/Passes.h.inc"

namespace {
struct FuseRotary : OpRewritePattern<gemma::RotaryOp> {
  FuseRotary(MLIRContext *context, Pass::Statistic &fused) : OpRewritePattern(context), fused(fused) {}

  LogicalResult matchAndRewrite(gemma::RotaryOp rotary, PatternRewriter &rewriter) const override {
    Value input = rotary.getInput();
    auto norm = input.getDefiningOp<gemma::RmsNormOp>();
    if (!norm || !norm.getWeight() || !input.hasOneUse()) {
      return failure();
    }
    auto normRotary = gemma::NormRotaryOp::create(rewriter, rewriter.getFusedLoc({norm.getLoc(), rotary.getLoc()}),
                                                  rotary.getResult().getType(), norm.getInput(), norm.getWeight(),
                                                  rotary.getPositions(), norm.getEpsAttr(), rotary.getThetaAttr(),
                                                  rotary.getPairsAttr(), rotary.getFactorAttr());
    rewriter.replaceOp(rotary, normRotary);
    ++fused;
    return success();
  }

  Pass::Statistic &fused;
};

struct FuseNormRotary : impl::FuseNormRotaryBase<FuseNormRotary> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseRotary>(&getContext(), numFused);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      signalPassFailure();
    }
  }
};
} // namespace
} // namespace lapidary
