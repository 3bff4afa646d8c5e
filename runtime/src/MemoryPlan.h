//===- MemoryPlan.h - refuse at the start what cannot fit -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A program's memory is known before it runs, so running out of it is an error at start-up that names both numbers,
// not a kill in the middle of an answer. Weights are file pages the kernel can drop: they count against the address
// space only. Caches and scratch count against free memory too.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_MEMORYPLAN_H
#define LAPIDARY_RUNTIME_MEMORYPLAN_H

#include "lapidary/ProgramAbi.h"
#include "lapidary/lapidary.h"

namespace lap {

/// Bytes that can be used without swapping: MemAvailable, or what the control group leaves; UINT64_MAX if unknown.
uint64_t availableMemory();

/// Bytes the address space limit (ulimit -v) leaves; UINT64_MAX if there is none.
uint64_t availableAddressSpace();

/// LAP_OUT_OF_MEMORY naming needed and available bytes, if `bytes` more exceed the limit.
lap_status checkAddressSpace(uint64_t bytes, const char *what, lap_error *error);
lap_status checkMemory(uint64_t bytes, const char *what, lap_error *error);

/// LAP_OUT_OF_MEMORY for an allocation that failed, with both numbers.
lap_status failMemory(uint64_t bytes, const char *what, lap_error *error);

/// What a session is made for.
struct SessionSize {
  uint32_t lanes = 0;           // 0: arena, scratch and sampler are another session's
  uint32_t logitRows = 1;       // at least 1
  uint32_t deviceLogitRows = 0; // that calls write, where a device has memory of its own (Device.h)
  uint64_t deviceDrawBytes = 0; // for drawing from them (sizeDeviceRows)
  uint64_t hostDrawBytes = 0;
  uint32_t checkpoints = 0;
  uint64_t checkpointBytes = 0; // of one
};

/// Where the parts of a session's memory lie (each 64-byte aligned), in bytes from the start of the device's part or of
/// the host's (Device.h).
struct MemoryPlan {
  uint64_t caches, deviceLogits, checkpoints; // the device's, every session
  uint64_t deviceDraws;                       // the device's, those with device logits
  uint64_t arena, laneScratch;                // the device's, those with lanes
  uint64_t logits, ids, draws;                // the host's, every session
  uint64_t sampler, places;                   // the host's, those with lanes
  uint64_t deviceBytes, hostBytes, total;     // multiples of 64
};

/// Plans a session; false if a number overflows or the total exceeds 2^63.
bool planSession(const lap_program &program, const SessionSize &size, MemoryPlan *out);

} // namespace lap

#endif // LAPIDARY_RUNTIME_MEMORYPLAN_H
