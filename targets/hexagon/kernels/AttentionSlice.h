//===- AttentionSlice.h - the slice that a call of attention reads ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// CacheSlice.h's reader of this level, and how the kernels' buffers are one: key [16 keys, head_dim, block], value [16
// columns, 16 keys, block, part], each the whole ring of a KV head (targets/common/algorithms/Attention.h).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_ATTENTIONSLICE_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_ATTENTIONSLICE_H

#include "targets/hexagon/kernels/CacheSlice.h"
#include "targets/hexagon/kernels/DmaEngine.h"
#include "targets/hexagon/kernels/Kernel.h"

namespace lap::hexagon {

#ifdef LAPIDARY_DMA_ENGINE
struct Slice : SliceThroughVtcm<LAPIDARY_DMA_ENGINE> {
  explicit Slice(const CacheSlice &slice) : SliceThroughVtcm(EngineVtcmBytes, slice) {}
};
#else
using Slice = SliceInPlace;
#endif

/// The blocks of a slice in a ring of them; `position` is that of the first key.
struct SliceBlocks : RingBlocks {
  int position;
  /// The second block of a pair; behind the last stands the last again.
  LAPIDARY_INLINE int after(int block) const { return block + 1 < count ? block + 1 : block; }
};

template <typename Element> LAPIDARY_INLINE CacheSlice sliceOf(B key, B value, int parts, const RingBlocks &blocks) {
  constexpr int bytes = sizeof(Element);
  return {data<uint8_t>(key),
          data<uint8_t>(value),
          stride(key, 2) * bytes,
          stride(value, 2) * bytes,
          static_cast<int64_t>(stride(value, 3)) * bytes,
          parts,
          blocks};
}

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_ATTENTIONSLICE_H
