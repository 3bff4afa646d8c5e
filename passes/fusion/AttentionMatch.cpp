//===- AttentionMatch.cpp - recognises unfused attention ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The chain is matched from its end because only the end proves that nothing else needs the values in between: a fused
// op never materialises the scores.
//===----------------------------------------------------------------------===//
#include "passes/fusion/AttentionMatch.h"

using namespace mlir;

namespace lapidary {

/// The op that defines `value` when it is an `OpT` and nothing else reads it.
template <typename OpT> static OpT soleDefinition(Value value) {
  return value.hasOneUse() ? value.getDefiningOp<OpT>() : OpT();
}

/// Fused ops read K and V of one shape, and divide the query heads evenly among the KV heads.
static bool shapesFit(RankedTensorType query, RankedTensorType keys, RankedTensorType values,
                      RankedTensorType positions) {
  int64_t heads = query.getDimSize(1);
  int64_t kvHeads = keys.getDimSize(1);
  return keys == values && !ShapedType::isDynamic(heads) && !ShapedType::isDynamic(query.getDimSize(2)) &&
         kvHeads > 0 && heads % kvHeads == 0 && query.getDimSize(2) == keys.getDimSize(2) &&
         query.getDimSize(0) == positions.getDimSize(0);
}

FailureOr<UnfusedAttention> matchUnfusedAttention(gemma::MergeHeadsOp root) {
  auto mix = soleDefinition<gemma::HeadMixOp>(root.getInput());
  if (!mix) {
    return failure();
  }
  auto softmax = soleDefinition<gemma::SoftmaxOp>(mix.getWeights());
  if (!softmax) {
    return failure();
  }
  auto mask = soleDefinition<gemma::MaskScoresOp>(softmax.getInput());
  if (!mask) {
    return failure();
  }
  auto scores = soleDefinition<gemma::HeadScoresOp>(mask.getScores());
  if (!scores) {
    return failure();
  }
  auto query = cast<RankedTensorType>(scores.getQuery().getType());
  if (!shapesFit(query, cast<RankedTensorType>(scores.getKeys().getType()),
                 cast<RankedTensorType>(mix.getValues().getType()),
                 cast<RankedTensorType>(mask.getPositions().getType()))) {
    return failure();
  }
  Location loc =
      FusedLoc::get(root.getContext(), {scores.getLoc(), mask.getLoc(), softmax.getLoc(), mix.getLoc(), root.getLoc()});
  return UnfusedAttention{scores.getQuery(),
                          scores.getKeys(),
                          mix.getValues(),
                          mask.getPositions(),
                          query.getDimSize(1),
                          static_cast<int64_t>(mask.getWindow()),
                          loc};
}

Value createQueryRows(RewriterBase &rewriter, const UnfusedAttention &attention) {
  if (auto split = attention.query.getDefiningOp<gemma::SplitHeadsOp>()) {
    return split.getInput();
  }
  auto type = cast<RankedTensorType>(attention.query.getType());
  auto rows =
      RankedTensorType::get({type.getDimSize(0), type.getDimSize(1) * type.getDimSize(2)}, type.getElementType());
  return gemma::MergeHeadsOp::create(rewriter, attention.query.getLoc(), rows, attention.query);
}

} // namespace lapidary
