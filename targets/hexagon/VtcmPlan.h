//===- VtcmPlan.h - how weights pass through tightly coupled memory ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// Versions 68 and later have some MiB of memory beside the vector unit (VTCM) and a DMA engine for each hardware
// thread. A product's tiles come in blocks: while one is multiplied, the engine copies the next into the other of two
// buffers. Where an item is a single pair of tiles, long ones, it comes in parts of its columns. Keys and values of a
// slice of attention come the same way, keys in blocks of positions, then values in columns. The compiler reports this
// plan and kernels follow it, so both compute it here.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_VTCMPLAN_H
#define LAPIDARY_TARGETS_HEXAGON_VTCMPLAN_H

#include <stdint.h>

namespace lapidary::hexagon {

constexpr uint32_t VtcmLanes = 8;              ///< threads that have buffers; hardware has 4 to 6 with vectors
constexpr uint32_t VtcmAlign = 128;            ///< of buffers: a vector
constexpr uint32_t LeastBlockBytes = 16 << 10; ///< of a transfer: long beside its start, which is some hundred cycles

/// Bytes of one of a lane's two buffers, of `vtcmBytes` in all.
constexpr uint32_t vtcmBufferBytes(uint32_t vtcmBytes) { return vtcmBytes / (2 * VtcmLanes) / VtcmAlign * VtcmAlign; }

/// Tiles of a block, an even number, because products take them in pairs; 0 if no pair fits a buffer.
constexpr uint32_t vtcmBlockTiles(uint32_t vtcmBytes, uint64_t tileBytes) {
  const uint64_t pair = 2 * tileBytes, wanted = (LeastBlockBytes + pair - 1) / pair;
  const uint64_t fitting = vtcmBufferBytes(vtcmBytes) / pair;
  return static_cast<uint32_t>(2 * (wanted < fitting ? wanted : fitting));
}

/// How a tile is cut along its columns: a head that stays where it is, then units of 32 columns.
struct TileCut {
  uint32_t headBytes, unitBytes, units;
};

/// Units of a part of a pair of tiles: whole vectors of each, in fours or, where units are odd multiples of 16 bytes,
/// in eights. 0: the pair is read in place, because it is no two parts or does not fit the two buffers, which hold it
/// side by side.
constexpr uint32_t vtcmPairUnits(uint32_t vtcmBytes, const TileCut &cut) {
  const uint32_t some = 4 * cut.unitBytes % VtcmAlign == 0 ? 4 : 8;
  const uint64_t bytes = 2ull * some * cut.unitBytes, tile = uint64_t(cut.units) * cut.unitBytes;
  const uint32_t units = static_cast<uint32_t>(some * ((LeastBlockBytes + bytes - 1) / bytes));
  return units < cut.units && 2 * (tile + VtcmAlign) <= 2 * vtcmBufferBytes(vtcmBytes) ? units : 0;
}

/// The caches of a KV head as attention reads a slice of them.
struct SliceShape {
  uint32_t blocks;                         ///< of 16 positions
  uint32_t keyBlockBytes, valueBlockBytes; ///< of a block of keys, and of 16 columns of a block of values
  uint32_t parts;                          ///< of 16 columns
};

/// Blocks of keys and parts of values that are copied together, both even, because kernels take them in pairs. 0: they
/// are read in place, because they are hardly longer than a transfer, or do not fit.
struct SlicePlan {
  uint32_t keyBlocks, valueParts;
};

constexpr uint32_t MostTransfers = 8; ///< that are started together: four parts of values, each in two pieces of a ring

constexpr SlicePlan vtcmSlicePlan(uint32_t vtcmBytes, const SliceShape &slice) {
  const uint64_t buffer = vtcmBufferBytes(vtcmBytes), keys = 2ull * slice.keyBlockBytes;
  const uint64_t values = 2ull * slice.blocks * slice.valueBlockBytes;
  const bool isShort = uint64_t(slice.blocks) * slice.keyBlockBytes < 2 * LeastBlockBytes;
  if (isShort || keys > buffer || values > buffer) {
    return {0, 0};
  }
  const uint64_t wanted = (LeastBlockBytes + keys - 1) / keys, fitting = buffer / keys;
  const bool four = values < LeastBlockBytes && 2 * values <= buffer;
  return {static_cast<uint32_t>(2 * (wanted < fitting ? wanted : fitting)), four ? 4u : 2u};
}

/// VTCM of a version, in bytes: 4 MiB on Snapdragon 888 (v68), 8 MiB on its successors.
constexpr uint32_t vtcmBytesOf(int version) { return version >= 73 ? 8u << 20 : version >= 68 ? 4u << 20 : 0; }

} // namespace lapidary::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_VTCMPLAN_H
