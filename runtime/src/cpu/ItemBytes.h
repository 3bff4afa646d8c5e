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
constexpr uint32_t TileBlock = 4; // matvec's widest block of tiles

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
/// second level cache between kernel calls and to let the lanes end together. Few rows are multiplied by one kernel
/// call, so tiles need not fit, but should be as many as there are streams.
constexpr uint32_t itemTilesOf(uint64_t tileBytes, bool oneCall = false) {
  const uint64_t fitting = ItemBytes / tileBytes, least = oneCall ? Streams : 1;
  return static_cast<uint32_t>(fitting >= TileBlock ? fitting / TileBlock * TileBlock
                               : fitting > least    ? fitting
                                                    : least);
}

} // namespace lap

#endif // LAPIDARY_RUNTIME_CPU_ITEMBYTES_H
