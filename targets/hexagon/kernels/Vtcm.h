//===- Vtcm.h - a product's tiles, block by block through VTCM ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two buffers a thread: while a block of tiles is multiplied out of one, the engine copies the next block into the
// other. What is multiplied, and in which order, stays the same; only where the tiles are read changes. The plan is
// VtcmPlan.h's. A call of a single block gains nothing and is read in place.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_VTCM_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_VTCM_H

#include "lapidary/ProgramAbi.h"
#include "targets/hexagon/VtcmPlan.h"

#include <stdint.h>

namespace lap::hexagon {

/// A thread's share of VTCM for one call: one of VtcmLanes, whichever is free. There is no state of a thread's own,
/// because programs reach thread-local variables through tables that nothing fills (targets/hexagon/CMakeLists.txt).
template <typename Engine> class VtcmLease {
public:
  explicit VtcmLease(uint32_t vtcmBytes) : bytes(lapidary::hexagon::vtcmBufferBytes(vtcmBytes)) {
    uint8_t *memory = bytes ? memoryOf(2 * lapidary::hexagon::VtcmLanes * bytes) : nullptr;
    for (uint32_t i = 0; memory && i < lapidary::hexagon::VtcmLanes && !buffers[0]; ++i) {
      if (!__atomic_exchange_n(&taken[i], 1u, __ATOMIC_ACQUIRE)) {
        lane = i;
        buffers[0] = memory + 2 * i * bytes;
        buffers[1] = buffers[0] + bytes;
      }
    }
  }
  VtcmLease(const VtcmLease &) = delete;
  VtcmLease &operator=(const VtcmLease &) = delete;
  ~VtcmLease() {
    if (buffers[0]) {
      __atomic_store_n(&taken[lane], 0u, __ATOMIC_RELEASE);
    }
  }

  /// One of the two; null when there is no VTCM, or more threads than shares.
  uint8_t *buffer(uint32_t index) const { return buffers[index % 2]; }

private:
  enum : uint32_t { Unasked, Asking, Answered };

  /// Asks once; who comes while another asks does without.
  static uint8_t *memoryOf(uint32_t all) {
    uint32_t expected = Unasked;
    if (__atomic_compare_exchange_n(&state, &expected, uint32_t(Asking), false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
      memory = Engine::requestMemory(all);
      __atomic_store_n(&state, uint32_t(Answered), __ATOMIC_RELEASE);
      return memory;
    }
    return expected == Answered ? memory : nullptr;
  }

  static inline uint32_t state = Unasked;
  static inline uint8_t *memory = nullptr;
  static inline uint32_t taken[lapidary::hexagon::VtcmLanes] = {};
  uint32_t bytes, lane = 0;
  uint8_t *buffers[2] = {};
};

/// Calls multiply(part) for parts of the product `p` whose tiles follow each other and are all of them; `p` has what
/// targets/common/kernels/ProductArguments.h's Product has. Parts have an even number of tiles, but for the last.
template <typename Engine, typename Product, typename Multiply>
void throughVtcm(uint32_t vtcmBytes, const Product &p, Multiply &&multiply) {
  const uint32_t tiles = static_cast<uint32_t>(p.tileCount);
  const uint32_t most = lapidary::hexagon::vtcmBlockTiles(vtcmBytes, p.tileBytes);
  if (most == 0 || tiles <= most) {
    return multiply(p);
  }
  const VtcmLease<Engine> lease(vtcmBytes);
  if (!lease.buffer(0)) {
    return multiply(p);
  }
  Engine engine;
  auto tilesAt = [&](uint32_t first) { return tiles - first < most ? tiles - first : most; };
  auto start = [&](uint32_t first) {
    engine.start(lease.buffer(first / most), p.tile(static_cast<int>(first)),
                 static_cast<uint32_t>(tilesAt(first) * p.tileBytes));
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

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_VTCM_H
