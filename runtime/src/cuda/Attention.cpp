//===- Attention.cpp - GPU drivers of K/V cache writes and attention -------===//
// SPDX-License-Identifier: Apache-2.0
//
// Many successive tokens of one sequence read the same keys: the flash kernel walks them once for a block of rows. Few
// rows, or rows of several sequences, are split over slices of keys instead, so that one row fills the GPU; another
// kernel merges the slices. Their results lie in the scratch (Scratch.h), for SliceRows rows at a time.
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Launch.h"
#include "runtime/src/cuda/Scratch.h"

using namespace lap::cuda;

namespace {

/// 1 unless K/V are int8.
float stepOf(const lap_cache &cache, float step) { return cache.element == LAP_I8 ? step : 1.0f; }

struct SliceKernels {
  lap_kernel *slice, *merge;
};

/// Rows [first, first + count).
void attendSlices(const lap_step *step, const lap_attention_args *args, SliceKernels kernels, uint32_t first,
                  uint32_t count) {
  const lap_buffer &query = args->query, &out = args->out;
  const lap_cache &cache = args->cache;
  const uint32_t keys = tileOf(kernels.slice, 0);
  const uint32_t slices = static_cast<uint32_t>(attentionSlices(callOf(step).reach, cache.window, keys));
  const Address places = placesOf(step, query) + first * sizeof(lap_row_place);
  const Address partial = reinterpret_cast<Address>(step->lane_scratch);
  launch<AttentionSlice>(step, kernels.slice, {slices, cache.kv_heads, count},
                         addressOf(step, query) + uint64_t(first) * query.row_bytes, query.row_bytes, places,
                         cache.key_offset, cache.value_offset, cache.slots, cache.head_dim, args->heads, cache.kv_heads,
                         cache.window, partial, stepOf(cache, cache.key_step));
  launch<AttentionMerge>(step, kernels.merge, {args->heads, count}, partial, slices, places,
                         addressOf(step, out) + uint64_t(first) * out.row_bytes, out.row_bytes, cache.head_dim,
                         args->heads, cache.window, out.columns, keys, stepOf(cache, cache.value_step), args->step);
}

void attendFlash(const lap_step *step, const lap_attention_args *args, lap_kernel *flash, uint32_t rows) {
  const lap_buffer &query = args->query, &out = args->out;
  const lap_cache &cache = args->cache;
  launch<AttentionFlash>(step, flash, {ceilDivide(rows, tileOf(flash, 1)), args->heads}, addressOf(step, query),
                         query.row_bytes, placesOf(step, query), rows, cache.key_offset, cache.value_offset,
                         cache.slots, cache.head_dim, args->heads, cache.kv_heads, cache.window, addressOf(step, out),
                         out.row_bytes, out.columns, stepOf(cache, cache.key_step), stepOf(cache, cache.value_step),
                         args->step);
}

} // namespace

extern "C" void lap_gpu_kv_append(const lap_step *step, const lap_kv_append_args *args, lap_kernel *kv_append, uint32_t,
                                  uint32_t) {
  const lap_buffer &key = args->key, &value = args->value;
  const lap_cache &cache = args->cache;
  launch<KvAppend>(step, kv_append, {cache.kv_heads, rowsOf(step, key)}, addressOf(step, key), key.row_bytes,
                   addressOf(step, value), value.row_bytes, placesOf(step, key), cache.key_offset, cache.value_offset,
                   cache.slots, cache.head_dim, stepOf(cache, cache.key_step), stepOf(cache, cache.value_step));
}

extern "C" void lap_gpu_kv_norm_append(const lap_step *step, const lap_kv_norm_append_args *args,
                                       lap_kernel *kv_norm_append, uint32_t, uint32_t) {
  const lap_buffer &key = args->append.key, &value = args->append.value, &query = args->query, &out = args->query_out;
  const lap_cache &cache = args->append.cache;
  launch<KvNormAppend>(step, kv_norm_append, {args->query_heads + 2 * cache.kv_heads, rowsOf(step, key)},
                       addressOf(step, key), key.row_bytes, addressOf(step, value), value.row_bytes,
                       addressOf(step, query), query.row_bytes, addressOf(step, args->w),
                       addressOf(step, args->query_w), addressOf(step, args->table), args->table.row_bytes,
                       addressOf(step, out), out.row_bytes, args->query_heads, cache.kv_heads, placesOf(step, key),
                       cache.key_offset, cache.value_offset, cache.slots, cache.head_dim, args->eps,
                       stepOf(cache, cache.key_step), stepOf(cache, cache.value_step));
  if (args->query_heads != 0 && !sameBuffer(query, out)) {
    zeroPadding(step, out, args->query_heads * cache.head_dim);
  }
}

extern "C" void lap_gpu_attention(const lap_step *step, const lap_attention_args *args, lap_kernel *slice,
                                  lap_kernel *merge, lap_kernel *flash, uint32_t, uint32_t) {
  const uint32_t rows = rowsOf(step, args->query);
  if (rows > SliceRows && !step->places) {
    return attendFlash(step, args, flash, rows);
  }
  for (uint32_t first = 0; first < rows; first += SliceRows) {
    attendSlices(step, args, {slice, merge}, first, rows - first < SliceRows ? rows - first : SliceRows);
  }
}
