//===- AttentionOps.cpp - verifiers of caches and attention ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Rows that go into or are compared with a cache have its heads and its head dimension.
//===----------------------------------------------------------------------===//
#include "dialects/kernel/Verify.h"

using namespace mlir;
using namespace lapidary::kernel;

/// int8 caches need both steps; others may have been given them.
static LogicalResult expectCacheSteps(KvCacheOp op) {
  bool needed = op.getGeometry().getElement() == "i8";
  if (needed && (!op.getKeyStep() || !op.getValueStep())) {
    return op.emitOpError("cache element is i8, expected key_step and value_step for it");
  }
  return success((!op.getKeyStep() || succeeded(expectPositive(op, "key_step", *op.getKeyStep()))) &&
                 (!op.getValueStep() || succeeded(expectPositive(op, "value_step", *op.getValueStep()))));
}

LogicalResult KvCacheOp::verify() {
  int64_t window = getWindow();
  return success(
      succeeded(expectAtLeast(*this, "heads", getHeads(), 1)) && succeeded(expectAtLeast(*this, "dim", getDim(), 1)) &&
      succeeded(expectAtLeast(*this, "window", window, 0)) &&
      succeeded(expectAtLeast(*this, "slots", getGeometry().getSlots(), window)) && succeeded(expectCacheSteps(*this)));
}

/// The cache that `op` names, or null after an error.
template <typename Op> static KvCacheOp lookUpCache(Op op, SymbolTableCollection &symbols) {
  auto cache = symbols.lookupNearestSymbolFrom<KvCacheOp>(op, op.getCacheAttr());
  if (!cache) {
    op.emitOpError() << "found no kernel.kv_cache named " << op.getCacheAttr();
  }
  return cache;
}

RowItems KvAppendOp::getRowItems() {
  auto cache = SymbolTable::lookupNearestSymbolFrom<KvCacheOp>(*this, getCacheAttr());
  return cache ? RowItems::parts(cache.getHeads()) : RowItems();
}

LogicalResult KvAppendOp::verify() {
  return expectSameSize(*this, "the value", bufferOf(getValue()), bufferOf(getKey()));
}

LogicalResult KvAppendOp::verifySymbolUses(SymbolTableCollection &symbols) {
  KvCacheOp cache = lookUpCache(*this, symbols);
  if (!cache) {
    return failure();
  }
  return expectColumns(*this, "the key", bufferOf(getKey()), sizeProduct(cache.getHeads(), cache.getDim()));
}

/// The query of a kv_norm_append: all of its parts, or none.
static LogicalResult verifyQuery(KvNormAppendOp op) {
  const bool any = op.getQuery() || op.getQueryWeight() || op.getHeads() || op.getOut();
  const bool all = op.getQuery() && op.getQueryWeight() && op.getHeads() && op.getOut();
  if (any != all) {
    return op.emitOpError("has a part of a query, expected query, weight, heads and out, or none of them");
  }
  if (!all) {
    return success();
  }
  BufferType query = bufferOf(op.getQuery());
  int64_t heads = *op.getHeads(), dim = bufferOf(op.getTable()).getColumns();
  return success(succeeded(expectAtLeast(op, "heads", heads, 1)) &&
                 succeeded(expectColumns(op, "the query", query, sizeProduct(heads, dim))) &&
                 succeeded(expectRows(op, "the query", query, bufferOf(op.getKey()))) &&
                 succeeded(expectShape(op, "the query's weight", op.getQueryWeight().getType(), {dim})) &&
                 succeeded(expectSameSize(op, "out", bufferOf(op.getOut()), query)));
}

LogicalResult KvNormAppendOp::verify() {
  BufferType key = bufferOf(getKey()), table = bufferOf(getTable());
  return success(succeeded(expectPositive(*this, "eps", getEps())) &&
                 succeeded(expectSameSize(*this, "the value", bufferOf(getValue()), key)) &&
                 succeeded(expectRows(*this, "the table", table, key)) &&
                 succeeded(expectShape(*this, "the weight", getWeight().getType(), {table.getColumns()})) &&
                 succeeded(verifyQuery(*this)));
}

LogicalResult KvNormAppendOp::verifySymbolUses(SymbolTableCollection &symbols) {
  KvCacheOp cache = lookUpCache(*this, symbols);
  return success(
      cache && succeeded(expectColumns(*this, "the table", bufferOf(getTable()), cache.getDim())) &&
      succeeded(expectColumns(*this, "the key", bufferOf(getKey()), sizeProduct(cache.getHeads(), cache.getDim()))));
}

LogicalResult AttentionOp::verify() {
  return success(succeeded(expectAtLeast(*this, "heads", getHeads(), 1)) &&
                 succeeded(expectStepOf(*this, bufferOf(getOut()), getStepAttr())) &&
                 succeeded(expectSameSize(*this, "out", bufferOf(getOut()), bufferOf(getQuery()))));
}

LogicalResult AttentionOp::verifySymbolUses(SymbolTableCollection &symbols) {
  KvCacheOp cache = lookUpCache(*this, symbols);
  if (!cache) {
    return failure();
  }
  int64_t heads = getHeads();
  return success(
      succeeded(expectHeadGroups(*this, heads, cache.getHeads())) &&
      succeeded(expectColumns(*this, "the query", bufferOf(getQuery()), sizeProduct(heads, cache.getDim()))));
}
