//===- KvAppend.cpp - K/V cache writes ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// An item is a KV head of a row. K lies in blocks of 16 positions, transposed; V in blocks of 16 columns.
//===----------------------------------------------------------------------===//
#include "AttentionBlocks.h"
#include "Observe.h"

using namespace lap;

extern "C" void lap_op_kv_append(const lap_step *step, const lap_kv_append_args *args, lap_kernel *kv_append,
                                 uint32_t lane, uint32_t lanes) {
  const OpTimer timer(step, lane, "kv_append");
  const lap_cache &cache = args->cache;
  const uint64_t bytes = elementBytes(cache);
  const int64_t headDim = cache.head_dim;
  const Range items = share(static_cast<uint64_t>(rowsOf(step, args->key)) * cache.kv_heads, lane, lanes);
  if (step->observer) {
    observeCache(step, cache, args->key, RangeOf::Keys, items);
    observeCache(step, cache, args->value, RangeOf::Values, items);
  }
  for (uint64_t item = items.begin; item < items.end; ++item) {
    const uint32_t row = static_cast<uint32_t>(item / cache.kv_heads);
    const uint64_t head = item % cache.kv_heads;
    const uint64_t slot = positionOf(step, args->key, row) % cache.slots;
    uint8_t *caches = cachesOf(step, args->key, row);
    const uint64_t start = head * cache.slots * cache.head_dim;
    const uint64_t keyElement = start + slot / KeyBlock * KeyBlock * cache.head_dim + slot % KeyBlock;
    Array key(rowFloats(step, args->key, row) + head * cache.head_dim, {headDim, 1});
    const int64_t parts = headDim / ValueColumns;
    Array value(rowFloats(step, args->value, row) + head * cache.head_dim, {ValueColumns, 1}, {parts, ValueColumns});
    Array keyOut(caches + cache.key_offset + keyElement * bytes, {headDim, KeyBlock});
    Array valueOut(caches + cache.value_offset + (start + slot * ValueColumns) * bytes, {ValueColumns, 1},
                   {parts, cache.slots * ValueColumns});
    if (cache.element == LAP_I8) {
      kernelCast<KvAppendIntegerKernel>(kv_append)(key, value, cache.key_step, cache.value_step, keyOut, valueOut);
    } else {
      kernelCast<KvAppendKernel>(kv_append)(key, value, keyOut, valueOut);
    }
  }
}
