//===- DmaModel.h - VTCM and its DMA engine, in software ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The interface of UserDma.h with a memory of its own, for tests. It copies when somebody waits, the latest moment that
// the engine may take, and until then the destination holds poison: who reads too early gets other bits. What hardware
// would not forgive is counted and named: transfers to outside of VTCM, at odd addresses, too long ones, a second one
// before the first was waited for, and a wait for nothing.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_DMAMODEL_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_DMAMODEL_H

#include "targets/hexagon/VtcmPlan.h"

#include <stdint.h>

namespace lap::hexagon {

class DmaModel {
public:
  static constexpr uint32_t MostBytes = (1u << 24) - 1;
  static constexpr uint8_t Poison = 0xa5;
  static constexpr uint32_t MemoryBytes = 1u << 20;

  /// What was done wrong, of all engines; null: nothing.
  static inline const char *misuse = nullptr;
  static inline uint32_t transfers = 0; ///< that were waited for; approximate with several threads

  static uint8_t *requestMemory(uint32_t bytes) { return bytes <= MemoryBytes ? memory : nullptr; }

  void start(void *to, const void *from, uint32_t bytes) {
    uint8_t *destination = static_cast<uint8_t *>(to);
    if (pending) {
      return blame("a transfer starts before the last one was waited for");
    }
    if (destination < memory || destination + bytes > memory + MemoryBytes) {
      return blame("a transfer ends outside of VTCM");
    }
    if (bytes == 0 || bytes > MostBytes) {
      return blame("a transfer of no bytes, or of more than a descriptor can say");
    }
    if (reinterpret_cast<uintptr_t>(to) % lapidary::hexagon::VtcmAlign != 0) {
      return blame("a transfer to an address that is not a vector's");
    }
    pending = true, target = destination, source = static_cast<const uint8_t *>(from), length = bytes;
    __builtin_memset(target, Poison, length);
  }

  bool wait() {
    if (!pending) {
      blame("a wait for nothing");
      return false;
    }
    __builtin_memcpy(target, source, length);
    pending = false;
    ++transfers;
    return true;
  }

  ~DmaModel() {
    if (pending) {
      blame("a transfer that nobody waited for");
    }
  }

private:
  static void blame(const char *what) { misuse = what; }

  alignas(128) static inline uint8_t memory[MemoryBytes];
  bool pending = false;
  uint8_t *target = nullptr;
  const uint8_t *source = nullptr;
  uint32_t length = 0;
};

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_DMAMODEL_H
