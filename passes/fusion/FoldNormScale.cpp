//===- FoldNormScale.cpp - fold-norm-scale -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Gemma scales the projected embeddings before it norms them (gemma4-spec 4.2); the factor survives only in epsilon:
//
//   %s = gemma.scale %x by 0.5
//   %y = gemma.rms_norm %s, %w eps 1.0e-06      ->   %y = gemma.rms_norm %x, %w eps 4.0e-06
//
// because c x / sqrt(c^2 mean(x^2) + eps) = x / sqrt(mean(x^2) + eps / c^2) for c > 0. One pass over memory less.
//===----------------------------------------------------------------------===//
#include "passes/fusion/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>
#include <optional>

using namespace mlir;

namespace lapidary {
#define GEN_PASS_DEF_FOLDNORMSCALE
#include "passes/fusion/Passes.h.inc"

namespace {
/// eps / factor^2 in f32, computed in f64; nothing when the factor is not positive or the quotient is no normal f32.
std::optional<float> foldedEpsilon(double eps, double factor) {
  if (!(factor > 0)) {
    return std::nullopt;
  }
  float folded = static_cast<float>(eps / (factor * factor));
  return std::isnormal(folded) ? std::optional<float>(folded) : std::nullopt;
}

struct FoldScale : OpRewritePattern<gemma::RmsNormOp> {
  FoldScale(MLIRContext *context, Pass::Statistic &folded) : OpRewritePattern(context), folded(folded) {}

  LogicalResult matchAndRewrite(gemma::RmsNormOp norm, PatternRewriter &rewriter) const override {
    Value input = norm.getInput();
    auto split = input.getDefiningOp<gemma::SplitHeadsOp>();
    if (split && input.hasOneUse()) {
      input = split.getInput();
    }
    auto scale = input.getDefiningOp<gemma::ScaleOp>();
    if (!scale || !input.hasOneUse()) {
      return failure();
    }
    std::optional<float> eps = foldedEpsilon(norm.getEps().convertToFloat(), scale.getFactor().convertToFloat());
    if (!eps) {
      return failure();
    }
    // The norm takes the product's place in its name too: both locations describe it now.
    Location loc = rewriter.getFusedLoc({scale.getLoc(), norm.getLoc()});
    Value unscaled = scale.getInput();
    if (split) {
      unscaled = gemma::SplitHeadsOp::create(rewriter, split.getLoc(), split.getResult().getType(), unscaled);
    }
    auto folding = gemma::RmsNormOp::create(rewriter, loc, norm.getResult().getType(), unscaled, norm.getWeight(),
                                            rewriter.getF32FloatAttr(*eps));
    rewriter.replaceOp(norm, folding);
    ++folded;
    return success();
  }

  Pass::Statistic &folded;
};

struct FoldNormScale : impl::FoldNormScaleBase<FoldNormScale> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldScale>(&getContext(), numFolded);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      signalPassFailure();
    }
  }
};
} // namespace
} // namespace lapidary
