//===- VtcmLease.h - a thread's share of VTCM ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_VTCMLEASE_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_VTCMLEASE_H

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

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_VTCMLEASE_H
