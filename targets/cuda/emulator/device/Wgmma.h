//===- Wgmma.h - fragments and marks of wgmma.mma_async ---------------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_WGMMA_H
#define LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_WGMMA_H

#include "targets/cuda/emulator/device/Block.h"

#include <optional>

namespace lapidary::cuda::emulator {

/// Where in [64][n] register `i` of the sums of a thread of the warpgroup is (PTX ISA 9.0, 9.7.15.5.1.1, "Accumulator
/// D"): registers 4 b + 2 h + e are row 16 w + l / 4 + 8 h, column 8 b + 2 (l % 4) + e, of warp w and lane l.
inline uint32_t sumPlace(uint32_t thread, uint32_t i, uint32_t n) {
  const uint32_t warp = thread / warpLanes, lane = thread % warpLanes;
  const uint32_t row = 16 * warp + lane / 4 + (i / 2 % 2) * 8, column = i / 4 * 8 + lane % 4 * 2 + i % 2;
  return row * n + column;
}

/// What register `i` of pending sums holds.
inline uint32_t mark(uint32_t id, uint32_t i) { return 0x7fd00000u | (id & 0x1fff) << 7 | i; }

/// The id of the sums that `count` words are the marks of.
inline std::optional<uint32_t> markAt(const uint32_t *words, uint32_t count) {
  const uint32_t id = words[0] >> 7 & 0x1fff;
  for (uint32_t i = 0; i < count; ++i) {
    if (words[i] != mark(id, i)) {
      return std::nullopt;
    }
  }
  return id;
}

} // namespace lapidary::cuda::emulator

#endif // LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_WGMMA_H
