//===- FuseResidualNorm.cpp - fuse-residual-norm -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each branch of a Gemma layer is normed before it joins the residual stream, and the layer ends with a scalar:
//
//   %n = gemma.rms_norm %y, %w eps ..
//   %a = gemma.add %x, %n                     ->   %r = gemma.residual_norm %x, %y, %w scale %s eps ..
//   %r = gemma.scale_by_weight %a, %s
//
// Only plain rows [rows, columns]: per-head norms cover a part of the row and stay separate.
//===----------------------------------------------------------------------===//
#include "passes/fusion/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace lapidary {
#define GEN_PASS_DEF_FUSERESIDUALNORM
#include "passes/fusion/Passes.h.inc"

namespace {
struct FuseAdd : OpRewritePattern<gemma::AddOp> {
  FuseAdd(MLIRContext *context, Pass::Statistic &fused) : OpRewritePattern(context), fused(fused) {}

  LogicalResult matchAndRewrite(gemma::AddOp add, PatternRewriter &rewriter) const override {
    if (cast<RankedTensorType>(add.getResult().getType()).getRank() != 2) {
      return failure();
    }
    // The right side first: the sum of two normed branches (a mixture of experts) keeps its left one as the residual.
    for (auto [residual, branch] :
         {std::pair<Value, Value>{add.getLhs(), add.getRhs()}, {add.getRhs(), add.getLhs()}}) {
      auto norm = branch.getDefiningOp<gemma::RmsNormOp>();
      if (!norm || !norm.getWeight() || !branch.hasOneUse()) {
        continue;
      }
      auto residualNorm = gemma::ResidualNormOp::create(rewriter, rewriter.getFusedLoc({norm.getLoc(), add.getLoc()}),
                                                        add.getResult().getType(), residual, norm.getInput(),
                                                        norm.getWeight(), /*scale=*/Value(), norm.getEpsAttr());
      rewriter.replaceOp(add, residualNorm);
      ++fused;
      return success();
    }
    return failure();
  }

  Pass::Statistic &fused;
};

struct AbsorbScale : OpRewritePattern<gemma::ScaleByWeightOp> {
  AbsorbScale(MLIRContext *context, Pass::Statistic &absorbed) : OpRewritePattern(context), absorbed(absorbed) {}

  LogicalResult matchAndRewrite(gemma::ScaleByWeightOp scale, PatternRewriter &rewriter) const override {
    auto sum = scale.getInput().getDefiningOp<gemma::ResidualNormOp>();
    if (!sum || sum.getScale() || !sum->hasOneUse()) {
      return failure();
    }
    // Written where the scalar is: its weight may be defined after the sum.
    auto scaled = gemma::ResidualNormOp::create(rewriter, rewriter.getFusedLoc({sum.getLoc(), scale.getLoc()}),
                                                scale.getResult().getType(), sum.getResidual(), sum.getInput(),
                                                sum.getWeight(), scale.getWeight(), sum.getEpsAttr());
    rewriter.replaceOp(scale, scaled);
    ++absorbed;
    return success();
  }

  Pass::Statistic &absorbed;
};

struct FuseResidualNorm : impl::FuseResidualNormBase<FuseResidualNorm> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseAdd>(&getContext(), numFused);
    patterns.add<AbsorbScale>(&getContext(), numScales);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      signalPassFailure();
    }
  }
};
} // namespace
} // namespace lapidary
