//===- Caches.cpp - which bytes of a sequence's caches matter -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Caches.h. A query at position t sees [t - window + 1, t]; a ring of `slots` that has been written up to position
// p holds [p - slots, p). So t is good while t - window + 1 >= p - slots.
//===----------------------------------------------------------------------===//
#include "runtime/src/Caches.h"
#include "runtime/src/Error.h"
#include "runtime/src/Model.h"

namespace lap {

namespace {

bool plausible(const lap_cache &cache, uint64_t cacheBytes, bool ring) {
  bool shape = cache.slots != 0 && cache.slots % LAP_ROW_TILE == 0 && cache.head_dim != 0 &&
               cache.head_dim % LAP_ROW_TILE == 0 && cache.kv_heads != 0 && (!ring || cache.window <= cache.slots) &&
               (cache.element == LAP_F32 || cache.element == LAP_BF16 || cache.element == LAP_I8);
  uint64_t row = uint64_t(cache.kv_heads) * cache.head_dim, bytes = 0, keyEnd = 0, valueEnd = 0;
  return shape && row <= UINT32_MAX && !__builtin_mul_overflow(row * cacheElementBytes(cache), cache.slots, &bytes) &&
         checkedAdd(cache.key_offset, bytes, &keyEnd) && checkedAdd(cache.value_offset, bytes, &valueEnd) &&
         keyEnd <= cacheBytes && valueEnd <= cacheBytes;
}

} // namespace

bool CacheLayout::open(const lap_program &program) {
  list = reinterpret_cast<const lap_cache *>(blobData(program, program.caches));
  caches = list ? static_cast<uint32_t>(program.caches.bytes / sizeof(lap_cache)) : 0;
  context = program.context;
  if (caches == 0 || program.caches.bytes % sizeof(lap_cache) != 0) {
    return false;
  }
  for (uint32_t i = 0; i < caches; ++i) {
    const lap_cache &cache = list[i];
    if (!plausible(cache, program.cache_bytes, forgets(cache))) {
      return false;
    }
    const uint32_t slack = forgets(cache) ? cache.slots - cache.window + 1 : UINT32_MAX;
    leastSlack = slack < leastSlack ? slack : leastSlack;
  }
  return true;
}

uint32_t CacheLayout::copyFloor(uint32_t position) const {
  const uint32_t back = leastSlack < KeptBack ? leastSlack : KeptBack;
  return leastSlack == UINT32_MAX || position < back ? 0 : position - back;
}

BlockSpan CacheLayout::used(const lap_cache &cache, uint32_t position) const {
  const uint64_t end = (uint64_t(position) + LAP_ROW_TILE - 1) / LAP_ROW_TILE;
  const uint32_t floor = copyFloor(position);
  uint64_t first = 0;
  if (forgets(cache) && floor >= cache.window) {
    first = (uint64_t(floor) - cache.window + 1) / LAP_ROW_TILE;
  }
  const uint64_t ring = cache.slots / LAP_ROW_TILE;
  const uint64_t count = end - first < ring ? end - first : ring;
  return {end - count, count};
}

uint64_t CacheLayout::usedBytes(uint32_t position, bool ringsOnly) const {
  uint64_t total = 0;
  forUsed(position, ringsOnly, [&](uint64_t, uint64_t bytes) {
    total += bytes;
    return true;
  });
  return total;
}

uint64_t CacheLayout::ringBytes() const {
  uint64_t total = 0;
  for (uint32_t i = 0; i < caches; ++i) {
    const lap_cache &cache = list[i];
    if (forgets(cache)) { // window + KeptBack positions touch at most this many blocks
      const uint64_t ring = cache.slots / LAP_ROW_TILE;
      const uint64_t most = (uint64_t(cache.window) + KeptBack + LAP_ROW_TILE - 1) / LAP_ROW_TILE + 1;
      total +=
          2 * (most < ring ? most : ring) * LAP_ROW_TILE * cache.kv_heads * cache.head_dim * cacheElementBytes(cache);
    }
  }
  return total;
}

} // namespace lap
