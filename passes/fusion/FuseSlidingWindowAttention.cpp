//===- FuseSlidingWindowAttention.cpp - fuse-sliding-window-attention ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Five ops that write [rows, heads, positions] scores to memory become one that keeps them in registers:
//
//   %s = gemma.head_scores %q, %keys
//   %m = gemma.mask_scores %s, %positions window 8        %qm = gemma.merge_heads %q
//   %p = gemma.softmax %m                            ->   %om = gemma.sliding_attention %qm, %keys, %values, %positions
//   %o = gemma.head_mix %p, %values                                 heads 4 window 8
//   %om = gemma.merge_heads %o
//
// A window has an op of its own because targets keep its K/V in a ring (gemma4-spec 4.6).
//===----------------------------------------------------------------------===//
#include "passes/fusion/AttentionMatch.h"
#include "passes/fusion/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace lapidary {
#define GEN_PASS_DEF_FUSESLIDINGWINDOWATTENTION
#include "passes/fusion/Passes.h.inc"

namespace {
struct FuseAttention : OpRewritePattern<gemma::MergeHeadsOp> {
  FuseAttention(MLIRContext *context, Pass::Statistic &fused) : OpRewritePattern(context), fused(fused) {}

  LogicalResult matchAndRewrite(gemma::MergeHeadsOp op, PatternRewriter &rewriter) const override {
    FailureOr<UnfusedAttention> attention = matchUnfusedAttention(op);
    if (failed(attention) || attention->window <= 0) {
      return failure();
    }
    Value query = createQueryRows(rewriter, *attention);
    auto attend =
        gemma::SlidingAttentionOp::create(rewriter, attention->loc, op.getResult().getType(), query, attention->keys,
                                          attention->values, attention->positions, attention->heads, attention->window);
    rewriter.replaceOp(op, attend);
    ++fused;
    return success();
  }

  Pass::Statistic &fused;
};

struct FuseSlidingWindowAttention : impl::FuseSlidingWindowAttentionBase<FuseSlidingWindowAttention> {
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
