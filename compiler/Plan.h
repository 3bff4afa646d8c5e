//===- Plan.h - memory and disk, known before the work --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Everything is known once the module is planned: how large the output will be, what packing needs, what the program
// will need when it runs. The plan is printed before anything is written, and refused when it cannot fit.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_PLAN_H
#define LAPIDARY_COMPILER_PLAN_H

#include "compiler/WeightSegment.h"

namespace lapidary {

struct Plan {
  uint64_t outputBytes = 0;      ///< program and weights, no less than it will be
  uint64_t compilePeakBytes = 0; ///< memory of the compiler while it packs
  uint64_t weightBytes = 0, residentWeightBytes = 0;
  uint64_t weightBytesPerToken = 0; ///< read by one decode step
  uint32_t promptLayers = 0;        ///< layers that @extend and @step run whole for every token of a prompt
  uint64_t cacheBytes = 0, arenaBytes = 0, laneScratchBytes = 0;
  uint64_t addressSpaceBytes = UINT64_MAX; ///< of the target, for all of the above but the image
  uint64_t mappedBytes() const { return weightBytes + cacheBytes + arenaBytes + laneScratchBytes; }
  uint64_t residentBytes() const { return residentWeightBytes + cacheBytes + arenaBytes + laneScratchBytes; }
};

/// Collects the figures of a planned module. `imageBytes` is the most that the program may take without weights.
Plan makePlan(mlir::ModuleOp module, const WeightSegment &segment, const TargetBackend &target, uint64_t imageBytes,
              unsigned jobs);

/// What the machine has: bytes of memory that can be used without swapping, of all memory, and bytes free where `path`
/// will be.
uint64_t availableMemory();
uint64_t totalMemory();
uint64_t availableDisk(const std::string &path);

/// Reports AddressSpaceTooSmall, OutOfMemory or OutputTooLarge (all exit 4) when the plan does not fit; `maxMemory` 0:
/// no limit given.
bool checkPlan(const Plan &plan, uint64_t maxMemory, const std::string &output, Diagnostics &diagnostics);

/// "output at most 14.9 GiB · compile peak 310.0 MiB (31.0 GiB free) · run: weights .. + KV .. (8192 tokens) + scratch
/// ..".
std::string planText(const Plan &plan, uint64_t context);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_PLAN_H
