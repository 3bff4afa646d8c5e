//===- CacheSlice.h - where attention reads a slice of the caches -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Keys lie in blocks of 16 positions, one after the other in a ring; values in parts of 16 columns, each a ring of such
// blocks. Attention passes over both once: all keys, then the values part by part. SliceInPlace reads them where they
// lie, SliceThroughVtcm copies some blocks ahead of where it reads, by VtcmPlan.h's plan.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_CACHESLICE_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_CACHESLICE_H

#include "targets/common/kernels/Unroll.h"
#include "targets/hexagon/kernels/DmaTransfer.h"
#include "targets/hexagon/kernels/VtcmLease.h"

namespace lap::hexagon {

/// `count` blocks of a ring, from `first` on.
struct RingBlocks {
  int first, count, ring;
  LAPIDARY_INLINE int slot(int block) const {
    const int at = first + block;
    return at >= ring ? at - ring : at;
  }
};

/// A slice of the caches of a KV head; distances in bytes.
struct CacheSlice {
  const uint8_t *keys, *values;
  int keyBlockBytes, valueBlockBytes;
  int64_t partBytes; // distance of two parts of the values
  int parts;
  RingBlocks blocks;
};

/// A part of the values: block b is at start + where.slot(b) * valueBlockBytes.
struct ValuePart {
  const uint8_t *start;
  RingBlocks where;
};

class SliceInPlace {
public:
  explicit SliceInPlace(const CacheSlice &slice) : slice(slice) {}

  /// Block `block` of the keys. Blocks are asked for in order, or as the successor of an even one.
  LAPIDARY_INLINE const uint8_t *keys(int block) {
    return slice.keys + static_cast<int64_t>(slice.blocks.slot(block)) * slice.keyBlockBytes;
  }
  /// Part `part` of the values, in the same order, after all keys.
  LAPIDARY_INLINE ValuePart values(int part) { return {slice.values + part * slice.partBytes, slice.blocks}; }

private:
  CacheSlice slice;
};

template <typename Engine> class SliceThroughVtcm {
public:
  SliceThroughVtcm(uint32_t vtcmBytes, const CacheSlice &slice)
      : slice(slice), inPlace(slice), plan(planOf(vtcmBytes, slice)), lease(plan.keyBlocks ? vtcmBytes : 0) {
    if (!lease.buffer(0)) {
      plan = {0, 0};
    } else {
      startNext();
    }
  }

  const uint8_t *keys(int block) {
    while (plan.keyBlocks != 0 && block >= keysHere + keysArrived) {
      keysHere += keysArrived, keysArrived = arriveNext(slice.blocks.count - keysHere, plan.keyBlocks);
    }
    return plan.keyBlocks == 0 ? inPlace.keys(block)
                               : here + static_cast<int64_t>(block - keysHere) * slice.keyBlockBytes;
  }

  ValuePart values(int part) {
    while (plan.keyBlocks != 0 && part >= partsHere + partsArrived) {
      partsHere += partsArrived, partsArrived = arriveNext(slice.parts - partsHere, plan.valueParts);
    }
    return plan.keyBlocks == 0 ? inPlace.values(part)
                               : ValuePart{here + static_cast<int64_t>(part - partsHere) * partBytesHere(),
                                           {0, slice.blocks.count, slice.blocks.count}};
  }

private:
  static lapidary::hexagon::SlicePlan planOf(uint32_t vtcmBytes, const CacheSlice &slice) {
    return lapidary::hexagon::vtcmSlicePlan(
        vtcmBytes, {static_cast<uint32_t>(slice.blocks.count), static_cast<uint32_t>(slice.keyBlockBytes),
                    static_cast<uint32_t>(slice.valueBlockBytes), static_cast<uint32_t>(slice.parts)});
  }

  int partBytesHere() const { return slice.blocks.count * slice.valueBlockBytes; }

  /// Adds transfers of blocks [first, first + count) of a ring at `from` to `to`: two where it wraps.
  void addRing(uint8_t *to, const uint8_t *from, int first, int count, int blockBytes) {
    const int slot = slice.blocks.slot(first), left = slice.blocks.ring - slot, before = count < left ? count : left;
    transfers[transferCount++] = {to, from + static_cast<int64_t>(slot) * blockBytes,
                                  static_cast<uint32_t>(before * blockBytes)};
    if (count > before) {
      transfers[transferCount++] = {to + before * blockBytes, from,
                                    static_cast<uint32_t>((count - before) * blockBytes)};
    }
  }

  /// Starts the keys that come next, or the values, into the buffer that is not read.
  void startNext() {
    uint8_t *to = lease.buffer(turn);
    transferCount = 0;
    if (keysStarted < slice.blocks.count) {
      const int left = slice.blocks.count - keysStarted, most = static_cast<int>(plan.keyBlocks);
      const int count = left < most ? left : most;
      addRing(to, slice.keys, keysStarted, count, slice.keyBlockBytes);
      keysStarted += count;
    } else {
      for (uint32_t i = 0; i < plan.valueParts && partsStarted < slice.parts; ++i, ++partsStarted) {
        addRing(to + static_cast<int>(i) * partBytesHere(), slice.values + partsStarted * slice.partBytes, 0,
                slice.blocks.count, slice.valueBlockBytes);
      }
    }
    if (transferCount != 0) {
      engine.start(transfers, transferCount, DmaSource::Written);
    }
  }

  /// Waits for what was started, of which `left` or `most` are here then, and starts what follows. After an error of
  /// the engine the rest is read in place.
  int arriveNext(int left, uint32_t most) {
    if (!engine.wait()) {
      plan = {0, 0};
      return left;
    }
    here = lease.buffer(turn);
    ++turn;
    startNext();
    return left < static_cast<int>(most) ? left : static_cast<int>(most);
  }

  CacheSlice slice;
  SliceInPlace inPlace;
  lapidary::hexagon::SlicePlan plan; // keyBlocks 0: in place
  VtcmLease<Engine> lease;
  Engine engine;
  DmaTransfer transfers[lapidary::hexagon::MostTransfers];
  uint32_t transferCount = 0, turn = 0;
  const uint8_t *here = nullptr;                                      // what arrived last
  int keysHere = 0, keysArrived = 0, partsHere = 0, partsArrived = 0; // the first there, and how many
  int keysStarted = 0, partsStarted = 0;
};

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_CACHESLICE_H
