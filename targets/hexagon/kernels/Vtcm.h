//===- Vtcm.h - weights through VTCM, block by block -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two buffers a thread: while a block of tiles is multiplied out of one, the engine copies the next block into the
// other. A call of a single pair of tiles comes in parts of its columns (PairColumns). What is multiplied, and in which
// order, stays the same; only where the tiles are read changes. The plan is VtcmPlan.h's.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_VTCM_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_VTCM_H

#include "lapidary/ProgramAbi.h"
#include "targets/hexagon/kernels/DmaTransfer.h"
#include "targets/hexagon/kernels/VtcmLease.h"

namespace lap::hexagon {

/// Where the columns of a pair of tiles are read, unit by unit: in place, or as they arrive in VTCM. Whoever passes
/// over the pair again finds all of it there.
template <typename Engine> class PairColumns {
public:
  using TileCut = lapidary::hexagon::TileCut;

  /// In place.
  explicit PairColumns(const TileCut &cut) : cut(cut) {}
  /// Through the two buffers of a lease, which lie side by side; partUnits: vtcmPairUnits'. second: `first` again where
  /// there is one tile.
  PairColumns(const TileCut &cut, uint32_t partUnits, const uint8_t *first, const uint8_t *second, uint8_t *buffers)
      : cut(cut), partUnits(partUnits), from{first + cut.headBytes, second + cut.headBytes} {
    const uint32_t align = lapidary::hexagon::VtcmAlign;
    to[0] = buffers,
    to[1] = second == first ? buffers : buffers + (cut.units * cut.unitBytes + align - 1) / align * align;
    startNext();
  }
  PairColumns(const PairColumns &) = delete;
  PairColumns &operator=(const PairColumns &) = delete;

  /// How many units follow each other from unit `done` on, at least one of those that are left. first, second: where
  /// unit `done` of the tiles is in memory, then where it is read.
  int next(const uint8_t *&first, const uint8_t *&second, int done) {
    if (partUnits != 0 && static_cast<uint32_t>(done) == arrived) {
      arriveNext();
    }
    if (partUnits == 0) {
      if (from[0]) { // after an error
        first = from[0] + done * static_cast<int>(cut.unitBytes),
        second = from[1] + done * static_cast<int>(cut.unitBytes);
      }
      return static_cast<int>(cut.units) - done;
    }
    first = to[0] + done * static_cast<int>(cut.unitBytes), second = to[1] + done * static_cast<int>(cut.unitBytes);
    return static_cast<int>(arrived) - done;
  }

private:
  uint32_t unitsAfter(uint32_t unit) const { return cut.units - unit < partUnits ? cut.units - unit : partUnits; }

  void startNext() {
    const uint32_t offset = arrived * cut.unitBytes, bytes = unitsAfter(arrived) * cut.unitBytes;
    const DmaTransfer transfers[] = {{to[0] + offset, from[0] + offset, bytes},
                                     {to[1] + offset, from[1] + offset, bytes}};
    engine.start(transfers, to[1] == to[0] ? 1 : 2, DmaSource::Weights);
  }

  /// After an error of the engine the rest is read in place.
  void arriveNext() {
    if (!engine.wait()) {
      partUnits = 0;
      return;
    }
    arrived += unitsAfter(arrived);
    if (arrived < cut.units) {
      startNext();
    }
  }

  TileCut cut;
  uint32_t partUnits = 0, arrived = 0;
  const uint8_t *from[2] = {};
  uint8_t *to[2] = {};
  Engine engine;
};

/// The blocks of throughVtcm: `most` tiles each.
template <typename Engine, typename Product, typename Multiply>
void multiplyBlocks(const VtcmLease<Engine> &lease, uint32_t most, const Product &p, Multiply &&multiply) {
  const uint32_t tiles = static_cast<uint32_t>(p.tileCount);
  Engine engine;
  auto tilesAt = [&](uint32_t first) { return tiles - first < most ? tiles - first : most; };
  auto start = [&](uint32_t first) {
    const DmaTransfer transfer = {lease.buffer(first / most), p.tile(static_cast<int>(first)),
                                  static_cast<uint32_t>(tilesAt(first) * p.tileBytes)};
    engine.start(&transfer, 1, DmaSource::Weights);
  };
  start(0);
  for (uint32_t first = 0; first < tiles; first += most) {
    const bool copied = engine.wait();
    if (first + most < tiles) {
      start(first + most);
    }
    Product part = p;
    part.tiles = copied ? lease.buffer(first / most) : p.tile(static_cast<int>(first));
    part.tileCount = static_cast<int>(tilesAt(first));
    part.out = p.out + static_cast<uint64_t>(first) * LAP_ROW_TILE;
    multiply(part);
  }
}

/// Calls multiply(part, columns) for parts of the product `p` whose tiles follow each other and are all of them, with
/// the columns of each pair of those; `p` has what targets/common/kernels/ProductArguments.h's Product has. Parts have
/// an even number of tiles, but for the last.
template <typename Engine, typename Product, typename Multiply>
void throughVtcm(uint32_t vtcmBytes, const Product &p, const lapidary::hexagon::TileCut &cut, Multiply &&multiply) {
  PairColumns<Engine> inPlace(cut);
  const uint32_t most = lapidary::hexagon::vtcmBlockTiles(vtcmBytes, p.tileBytes);
  const bool isBlocks = most != 0 && static_cast<uint32_t>(p.tileCount) > most;
  const uint32_t units = p.tileCount <= 2 ? lapidary::hexagon::vtcmPairUnits(vtcmBytes, cut) : 0;
  if (!isBlocks && units == 0) {
    return multiply(p, inPlace);
  }
  const VtcmLease<Engine> lease(vtcmBytes);
  if (!lease.buffer(0)) {
    multiply(p, inPlace);
  } else if (isBlocks) {
    multiplyBlocks(lease, most, p, [&](const Product &part) { multiply(part, inPlace); });
  } else {
    PairColumns<Engine> columns(cut, units, p.tile(0), p.tile(p.tileCount - 1), lease.buffer(0));
    multiply(p, columns);
  }
}

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_VTCM_H
