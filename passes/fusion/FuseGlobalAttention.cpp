//===- FuseGlobalAttention.cpp - fuse-global-attention ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The same fusion as fuse-sliding-window-attention for layers that see every position so far:
//
//   %s = gemma.head_scores %q, %keys
//   %m = gemma.mask_scores %s, %positions window 0        %qm = gemma.merge_heads %q
//   %p = gemma.softmax %m                            ->   %om = gemma.global_attention %qm, %keys, %values, %positions
//   %o = gemma.head_mix %p, %values                                 heads 4
//   %om = gemma.merge_heads %o
//===----------------------------------------------------------------------===//
#include "passes/fusion/AttentionMatch.h"
#include "passes/fusion/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace lapidary {
#define GEN_PASS_DEF_FUSEGLOBALATTENTION
#include "passes/fusion/Passes.h.inc"

namespace {
struct FuseAttention : OpRewritePattern<gemma::MergeHeadsOp> {
  FuseAttention(MLIRContext *context, Pass::Statistic &fused) : OpRewritePattern(context), fused(fused) {}

  LogicalResult matchAndRewrite(gemma::MergeHeadsOp op, PatternRewriter &rewriter) const override {
    FailureOr<UnfusedAttention> attention = matchUnfusedAttention(op);
    if (failed(attention) || attention->window != 0) {
      return failure();
    }
    Value query = createQueryRows(rewriter, *attention);
    auto attend =
        gemma::GlobalAttentionOp::create(rewriter, attention->loc, op.getResult().getType(), query, attention->keys,
                                         attention->values, attention->positions, attention->heads);
    rewriter.replaceOp(op, attend);
    ++fused;
    return success();
  }

  Pass::Statistic &fused;
};

struct FuseGlobalAttention : impl::FuseGlobalAttentionBase<FuseGlobalAttention> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseAttention>(&getContext(), numFused);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      signalPassFailure();
    }
  }
};
} // namespace
} // namespace lapidary
