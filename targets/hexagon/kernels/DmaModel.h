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

#include "targets/hexagon/kernels/DmaTransfer.h"

namespace lap::hexagon {

class DmaModel {
public:
  static constexpr uint32_t MostBytes = (1u << 24) - 1;
  static constexpr uint8_t Poison = 0xa5;
  static constexpr uint32_t MemoryBytes = 1u << 20;

  /// What was done wrong, of all engines; null: nothing.
  static inline const char *misuse = nullptr;
  static inline uint32_t transfers = 0; ///< groups that were waited for; approximate with several threads

  static uint8_t *requestMemory(uint32_t bytes) { return bytes <= MemoryBytes ? memory : nullptr; }

  void start(const DmaTransfer *transfers, uint32_t count, DmaSource) {
    if (pending != 0) {
      return blame("a transfer starts before the last one was waited for");
    }
    if (count == 0 || count > lapidary::hexagon::MostTransfers) {
      return blame("no transfers, or more than are started together");
    }
    for (uint32_t i = 0; i < count; ++i) {
      if (const char *wrong = mistakeIn(transfers[i])) {
        return blame(wrong);
      }
    }
    for (; pending < count; ++pending) {
      started[pending] = transfers[pending];
      __builtin_memset(started[pending].to, Poison, started[pending].bytes);
    }
  }

  bool wait() {
    if (pending == 0) {
      blame("a wait for nothing");
      return false;
    }
    for (uint32_t i = 0; i < pending; ++i) {
      __builtin_memcpy(started[i].to, started[i].from, started[i].bytes);
    }
    pending = 0;
    ++transfers;
    return true;
  }

  ~DmaModel() {
    if (pending != 0) {
      blame("a transfer that nobody waited for");
    }
  }

private:
  static void blame(const char *what) { misuse = what; }

  static const char *mistakeIn(const DmaTransfer &transfer) {
    const uint8_t *to = static_cast<const uint8_t *>(transfer.to);
    if (to < memory || to + transfer.bytes > memory + MemoryBytes) {
      return "a transfer ends outside of VTCM";
    }
    if (transfer.bytes == 0 || transfer.bytes > MostBytes) {
      return "a transfer of no bytes, or of more than a descriptor can say";
    }
    return reinterpret_cast<uintptr_t>(to) % lapidary::hexagon::VtcmAlign != 0
               ? "a transfer to an address that is not a vector's"
               : nullptr;
  }

  alignas(128) static inline uint8_t memory[MemoryBytes];
  DmaTransfer started[lapidary::hexagon::MostTransfers];
  uint32_t pending = 0; // of `started`
};

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_DMAMODEL_H
