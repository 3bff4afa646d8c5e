//===- VtcmPlan.h - how weights pass through tightly coupled memory ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// Versions 68 and later have some MiB of memory beside the vector unit (VTCM) and a DMA engine for each hardware
// thread. A product's tiles come in blocks: while one is multiplied, the engine copies the next into the other of two
// buffers. The compiler reports this plan and kernels follow it, so both compute it here.
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

/// VTCM of a version, in bytes: 4 MiB on Snapdragon 888 (v68), 8 MiB on its successors.
constexpr uint32_t vtcmBytesOf(int version) { return version >= 73 ? 8u << 20 : version >= 68 ? 4u << 20 : 0; }

} // namespace lapidary::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_VTCMPLAN_H
