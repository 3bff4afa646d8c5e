//===- AttentionMatch.h - recognises unfused attention -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Sliding and global attention differ in one number of the mask, so both fusion passes ask the same matcher and differ
// only in the op they write.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_FUSION_ATTENTIONMATCH_H
#define LAPIDARY_PASSES_FUSION_ATTENTIONMATCH_H

#include "dialects/gemma/Gemma.h"

#include "mlir/IR/PatternMatch.h"

namespace lapidary {

/// The operands of one attention in its unfused form.
struct UnfusedAttention {
  mlir::Value query;     ///< [rows, heads, dim]
  mlir::Value keys;      ///< [positions so far, kv heads, dim]
  mlir::Value values;    ///< same type as keys
  mlir::Value positions; ///< [rows]
  int64_t heads;
  int64_t window;     ///< 0: every position so far is visible
  mlir::Location loc; ///< all matched ops
};

/// Matches head_scores -> mask_scores -> softmax -> head_mix -> merge_heads backwards from its last op. Fails when a
/// value in between is read elsewhere or when shapes do not fit the fused ops.
mlir::FailureOr<UnfusedAttention> matchUnfusedAttention(gemma::MergeHeadsOp root);

/// The query as rows [rows, heads * dim]: the input of the split_heads that made it, or a new merge_heads.
mlir::Value createQueryRows(mlir::RewriterBase &rewriter, const UnfusedAttention &attention);

} // namespace lapidary

#endif // LAPIDARY_PASSES_FUSION_ATTENTIONMATCH_H
