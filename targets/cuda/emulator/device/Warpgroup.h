//===- Warpgroup.h - what wgmma does behind a warpgroup's back -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// wgmma.mma_async reads its operands and changes its sums some time before wgmma.wait_group (PTX ISA 9.0, 9.7.15). Here
// a product is made when it starts; until somebody waits for it
//   - the registers of its sums hold marks: words that, all together, say which sums they are. As floats they are not
//     numbers. The next product of the same shape finds its sums by them, and the wait puts the values in their place;
//   - what it read in shared memory may not be written.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_WARPGROUP_H
#define LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_WARPGROUP_H

#include "targets/cuda/emulator/Abi.h"

#include <vector>

namespace lapidary::cuda::emulator {

constexpr uint32_t warpgroupThreads = 128;
/// Shared memory is marked as being read in pieces of this many bytes.
constexpr uint32_t pieceBytes = 16;

/// Sums whose values nobody has waited for.
struct PendingSums {
  uint32_t id; ///< that of the marks
  ProductType type;
  uint32_t n;
  uint32_t group;               ///< of the last product that added to them
  std::vector<uint32_t> values; ///< [64][n]
};

struct PendingRead {
  uint32_t piece, group;
};

struct Warpgroup {
  uint32_t arrived = 0; ///< threads that wait for the others
  bool fenced = false;  ///< wgmma.fence since registers were last touched
  uint32_t groups = 0;  ///< committed
  uint32_t ids = 0;
  std::vector<PendingSums> sums;
  std::vector<PendingRead> reads;
};

} // namespace lapidary::cuda::emulator

#endif // LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_WARPGROUP_H
