//===- Caches.h - which bytes of a sequence's caches matter ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Returning to an earlier position, copying a sequence and writing it to a file all need the same thing: the part of
// the caches that tokens from some position on can still see. A global layer's cache holds every position; a
// sliding-window layer's is a ring that forgets, so it holds what the window shows and a little more.
//
// Caches are handled in blocks of LAP_ROW_TILE positions, their natural unit (ProgramAbi.h, lap_cache).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CACHES_H
#define LAPIDARY_RUNTIME_CACHES_H

#include "lapidary/ProgramAbi.h"

namespace lap {

/// Successive blocks of one cache: block b holds positions [16 b, 16 b + 16).
struct BlockSpan {
  uint64_t first, count;
};

/// The caches of a program.
class CacheLayout {
public:
  /// False when the descriptor's list is damaged: a cache outside cache_bytes, no slots, an unknown element.
  bool open(const lap_program &program);

  uint32_t count() const { return caches; }
  const lap_cache &operator[](uint32_t index) const { return list[index]; }
  /// True for a cache that overwrites positions before `context` tokens are read.
  bool forgets(const lap_cache &cache) const { return cache.window != 0 && cache.slots < context; }

  /// A sequence of `position` tokens can go back this many and find all that its windows show; UINT32_MAX if nothing
  /// is ever forgotten.
  uint32_t slack() const { return leastSlack; }
  /// The lowest position that a copy of used(position) can go back to, at most KeptBack.
  uint32_t copyFloor(uint32_t position) const;

  /// The blocks that the tokens from copyFloor(position) on see, of those before `position`.
  BlockSpan used(const lap_cache &cache, uint32_t position) const;
  /// Bytes of the used blocks of all caches, or of those that forget.
  uint64_t usedBytes(uint32_t position, bool ringsOnly) const;
  /// The most that usedBytes(position, true) can be.
  uint64_t ringBytes() const;

  /// Calls visit(offset, bytes) for every contiguous piece of the used blocks, in a fixed order; offsets are from the
  /// start of a sequence's caches. Stops at the first false and returns it.
  template <typename Visit> bool forUsed(uint32_t position, bool ringsOnly, Visit visit) const {
    bool good = true;
    for (uint32_t i = 0; i < caches && good; ++i) {
      if (!ringsOnly || forgets(list[i])) {
        good = forBlocks(list[i], used(list[i], position), visit);
      }
    }
    return good;
  }

private:
  template <typename Visit> static bool forBlocks(const lap_cache &cache, BlockSpan span, Visit visit);

  static constexpr uint32_t KeptBack = LAP_ROW_TILE; // how far back a copy of a sequence can go
  const lap_cache *list = nullptr;
  uint32_t caches = 0, context = 0, leastSlack = UINT32_MAX;
};

/// Bytes of one number in a cache.
inline uint64_t cacheElementBytes(const lap_cache &cache) {
  return cache.element == LAP_F32 ? 4 : cache.element == LAP_BF16 ? 2 : 1;
}

template <typename Visit> bool CacheLayout::forBlocks(const lap_cache &cache, BlockSpan span, Visit visit) {
  const uint64_t element = cacheElementBytes(cache), ring = cache.slots / LAP_ROW_TILE;
  const uint64_t first = span.first % ring;
  const uint64_t before = span.count < ring - first ? span.count : ring - first; // blocks before the ring wraps
  const auto pieces = [&](uint64_t start, uint64_t blockBytes) {
    return (before == 0 || visit(start + first * blockBytes, before * blockBytes)) &&
           (before == span.count || visit(start, (span.count - before) * blockBytes));
  };
  bool good = true;
  const uint64_t keyBlock = cache.head_dim * LAP_ROW_TILE * element; // [head_dim][16 slots]
  for (uint64_t head = 0; head < cache.kv_heads && good; ++head) {
    good = pieces(cache.key_offset + head * ring * keyBlock, keyBlock);
  }
  const uint64_t valueBlock = LAP_ROW_TILE * LAP_ROW_TILE * element; // [16 slots][16 columns]
  const uint64_t streams = uint64_t(cache.kv_heads) * (cache.head_dim / LAP_ROW_TILE);
  for (uint64_t stream = 0; stream < streams && good; ++stream) {
    good = pieces(cache.value_offset + stream * ring * valueBlock, valueBlock);
  }
  return good;
}

} // namespace lap

#endif // LAPIDARY_RUNTIME_CACHES_H
