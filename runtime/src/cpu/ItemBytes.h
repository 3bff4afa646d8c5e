//===- ItemBytes.h - how many tiles of a matrix are a work item -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shared with targets that plan what happens to an item's tiles.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CPU_ITEMBYTES_H
#define LAPIDARY_RUNTIME_CPU_ITEMBYTES_H

#include <stdint.h>

namespace lap {

constexpr uint64_t ItemBytes = 128 * 1024;
constexpr uint64_t RunItemBytes = 64 * 1024; // where several items are multiplied in one call
constexpr uint32_t TileBlock = 4;            // matvec's widest block of tiles

/// Places of a matrix that one row, or a few, are multiplied from at a time: memory is the limit then, and on x86-64
/// four streams of it are faster than one (docs/performance.md). Hexagon brings what a lane multiplies through VTCM,
/// ARM machines were not measured.
constexpr uint32_t MostStreams = 4;      // that kernels read side by side
constexpr uint32_t MostStreamedRows = 4; // of group formats; of others one, as their sums would not fit the registers
#ifdef __x86_64__
constexpr uint32_t Streams = MostStreams;
#else
constexpr uint32_t Streams = 1;
#endif

/// Tiles of `tileBytes` that a lane claims at a time: long enough a stream of memory, short enough to stay in the
/// second level cache between kernel calls and to let the lanes end together.
constexpr uint32_t itemTilesOf(uint64_t tileBytes) {
  const uint64_t fitting = ItemBytes / tileBytes;
  return static_cast<uint32_t>(fitting >= TileBlock ? fitting / TileBlock * TileBlock : fitting > 1 ? fitting : 1);
}

/// The same for lanes that claim runs of items: the least run.
constexpr uint32_t runItemTilesOf(uint64_t tileBytes) {
  const uint64_t fitting = RunItemBytes / tileBytes;
  return static_cast<uint32_t>(fitting > 1 ? fitting : 1);
}

} // namespace lap

#endif // LAPIDARY_RUNTIME_CPU_ITEMBYTES_H
