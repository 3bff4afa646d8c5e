//===- AttentionOps.cpp - verifiers of caches and attention ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shapes of scores and mixes, the grouping of query heads over K/V heads, and which operands are token rows: queries
// and positions are, keys and values are indexed by position in the cache and never move with a selected row.
//===----------------------------------------------------------------------===//
#include "dialects/gemma/Verify.h"

using namespace mlir;
using namespace lapidary::gemma;

LogicalResult KvCacheOp::verify() {
  return success(succeeded(expectAtLeast(*this, "heads", getHeads(), 1)) &&
                 succeeded(expectAtLeast(*this, "dim", getDim(), 1)) &&
                 succeeded(expectAtLeast(*this, "window", getWindow(), 0)));
}

LogicalResult KvUpdateOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto cache = symbols.lookupNearestSymbolFrom<KvCacheOp>(*this, getCacheAttr());
  if (!cache) {
    return emitOpError() << "found no gemma.kv_cache named " << getCacheAttr();
  }
  int64_t rows = shapeOf(getPositions().getType())[0];
  return expectShape(*this, "the key", getKey().getType(),
                     {rows, static_cast<int64_t>(cache.getHeads()), static_cast<int64_t>(cache.getDim())});
}

LogicalResult HeadScoresOp::verify() {
  SmallVector<int64_t, 3> query = shapeOf(getQuery().getType());
  SmallVector<int64_t, 3> keys = shapeOf(getKeys().getType());
  return success(succeeded(expectHeadGroups(*this, query[1], keys[1])) &&
                 succeeded(expectShape(*this, "the keys", getKeys().getType(), {kAnySize, kAnySize, query[2]})) &&
                 succeeded(expectShape(*this, "the result", getType(), {query[0], query[1], keys[0]})));
}

SmallVector<unsigned> HeadScoresOp::getPositionOperands() { return {0}; }

LogicalResult MaskScoresOp::verify() {
  int64_t rows = shapeOf(getScores().getType())[0];
  return success(succeeded(expectAtLeast(*this, "window", getWindow(), 0)) &&
                 succeeded(expectShape(*this, "the positions", getPositions().getType(), {rows})));
}

LogicalResult HeadMixOp::verify() {
  SmallVector<int64_t, 3> weights = shapeOf(getWeights().getType());
  SmallVector<int64_t, 3> values = shapeOf(getValues().getType());
  return success(
      succeeded(expectHeadGroups(*this, weights[1], values[1])) &&
      succeeded(expectShape(*this, "the weights", getWeights().getType(), {kAnySize, kAnySize, values[0]})) &&
      succeeded(expectShape(*this, "the result", getType(), {weights[0], weights[1], values[2]})));
}

SmallVector<unsigned> HeadMixOp::getPositionOperands() { return {0}; }

/// What sliding and global attention share: query and result [rows, heads * dim], keys and values [?, kvHeads, dim].
template <typename Op> static LogicalResult verifyFusedAttention(Op op) {
  SmallVector<int64_t, 3> query = shapeOf(op.getQuery().getType());
  SmallVector<int64_t, 3> keys = shapeOf(op.getKeys().getType());
  int64_t heads = op.getHeads();
  return success(
      succeeded(expectAtLeast(op, "heads", heads, 1)) && succeeded(expectHeadGroups(op, heads, keys[1])) &&
      succeeded(expectType(op, "values", op.getValues().getType(), op.getKeys().getType())) &&
      succeeded(expectShape(op, "the query", op.getQuery().getType(), {query[0], sizeProduct(heads, keys[2])})) &&
      succeeded(expectType(op, "result", op.getType(), op.getQuery().getType())) &&
      succeeded(expectShape(op, "the positions", op.getPositions().getType(), {query[0]})));
}

/// Query and positions follow the token rows.
template <typename Op> static SmallVector<unsigned> queryAndPositions(Op op) {
  return {op.getQueryMutable().getOperandNumber(), op.getPositionsMutable().getOperandNumber()};
}

LogicalResult SlidingAttentionOp::verify() {
  return success(succeeded(expectAtLeast(*this, "window", getWindow(), 1)) && succeeded(verifyFusedAttention(*this)));
}

SmallVector<unsigned> SlidingAttentionOp::getPositionOperands() { return queryAndPositions(*this); }

LogicalResult GlobalAttentionOp::verify() { return verifyFusedAttention(*this); }

SmallVector<unsigned> GlobalAttentionOp::getPositionOperands() { return queryAndPositions(*this); }
