//===- MemoryPlan.cpp - what a session needs and what the machine has -----===//
// SPDX-License-Identifier: Apache-2.0
//
// See MemoryPlan.h. Numbers come from /proc and the control groups; a file we cannot read sets no limit.
//===----------------------------------------------------------------------===//
#include "runtime/src/MemoryPlan.h"
#include "runtime/src/ControlGroup.h"
#include "runtime/src/Error.h"
#include "runtime/src/Sampler.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

namespace lap {

namespace {

typedef unsigned long long ull;

uint64_t machineMemory() {
  char text[2048];
  if (!readText("/proc/meminfo", text, sizeof(text))) {
    return UINT64_MAX;
  }
  const char *line = strstr(text, "MemAvailable:");
  return line ? strtoull(line + strlen("MemAvailable:"), nullptr, 10) * 1024 : UINT64_MAX;
}

bool place(uint64_t bytes, uint64_t *offset, uint64_t *end) {
  *offset = *end;
  return bytes <= UINT64_MAX / 4 && checkedAdd(*end, alignUp(bytes, 64), end);
}

} // namespace

uint64_t availableMemory() {
  uint64_t machine = machineMemory(), group = controlGroupMemory();
  return machine < group ? machine : group;
}

/// What pointers reach: of 4 GiB, as much as the compiler plans with. Sizes beyond would lose bits on their way to
/// mmap.
constexpr uint64_t Addresses = sizeof(void *) == 8 ? UINT64_MAX : 7ull << 29;

uint64_t availableAddressSpace() {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur >= Addresses) {
    return Addresses;
  }
  char text[128];
  uint64_t used = 0;
  if (readText("/proc/self/statm", text, sizeof(text))) {
    used = strtoull(text, nullptr, 10) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  }
  return used < limit.rlim_cur ? limit.rlim_cur - used : 0;
}

lap_status checkAddressSpace(uint64_t bytes, const char *what, lap_error *error) {
  uint64_t available = availableAddressSpace();
  if (bytes <= available) {
    return LAP_OK;
  }
  return fail(error, LAP_OUT_OF_MEMORY, "not enough address space for %s: %llu bytes needed, %llu available; %s", what,
              ull(bytes), ull(available),
              available == Addresses ? "compile with a smaller --context" : "raise the limit (ulimit -v)");
}

lap_status checkMemory(uint64_t bytes, const char *what, lap_error *error) {
  uint64_t available = availableMemory();
  if (bytes <= available) {
    return checkAddressSpace(bytes, what, error);
  }
  return fail(error, LAP_OUT_OF_MEMORY,
              "not enough memory for %s: %llu bytes needed, %llu available; compile with a smaller --context", what,
              ull(bytes), ull(available));
}

lap_status failMemory(uint64_t bytes, const char *what, lap_error *error) {
  return fail(error, LAP_OUT_OF_MEMORY, "not enough memory for %s: %llu bytes needed, %llu of address space available",
              what, ull(bytes), ull(availableAddressSpace()));
}

bool planSession(const lap_program &program, const SessionSize &size, MemoryPlan *out) {
  uint64_t scratch = 0, checkpoints = 0, device = 0, host = 0;
  const bool owns = size.lanes != 0;
  const uint64_t rowBytes = uint64_t(program.vocab_padded) * sizeof(float); // of logits
  return !__builtin_mul_overflow(program.lane_scratch_bytes, uint64_t(size.lanes), &scratch) &&
         !__builtin_mul_overflow(size.checkpointBytes, uint64_t(size.checkpoints), &checkpoints) &&
         place(program.cache_bytes, &out->caches, &device) &&
         place(owns ? program.arena_bytes : 0, &out->arena, &device) && place(scratch, &out->laneScratch, &device) &&
         place(size.deviceLogitRows * rowBytes, &out->deviceLogits, &device) &&
         place(size.deviceDrawBytes, &out->deviceDraws, &device) && place(checkpoints, &out->checkpoints, &device) &&
         place(size.logitRows * rowBytes, &out->logits, &host) && place(size.hostDrawBytes, &out->draws, &host) &&
         place(owns ? uint64_t(program.vocab) * sizeof(Candidate) : 0, &out->sampler, &host) &&
         place(uint64_t(program.context) * sizeof(int32_t), &out->ids, &host) &&
         place(owns ? uint64_t(program.chunk) * sizeof(lap_row_place) : 0, &out->places, &host) &&
         checkedAdd(device, host, &out->total) &&
         (out->deviceBytes = device, out->hostBytes = host, out->total <= UINT64_MAX / 2);
}

} // namespace lap
