//===- DependentLaunch.cpp - kernels that begin before others have ended ---===//
// SPDX-License-Identifier: Apache-2.0
//
// A launch with CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION may run at the same time as the kernel in front
// of it, and all before that, until it executes griddepcontrol.wait. Kernels run in turn here, so what would go wrong
// is found by rules instead. Until its wait, a thread
//   - writes to no device memory: others may still read it;
//   - reads only memory that no kernel has ever written (weights), by whole allocations: others may still write it.
// And every thread waits: memory that the kernel after the next one touches is safe only if a kernel that has ended
// says that all before it have.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Block.h"

#include <cstdio>

namespace lapidary::cuda::emulator {

namespace {
constexpr uint32_t prefetchAlignment = 16; // of address and size, PTX ISA, cp.async.bulk.prefetch
} // namespace

void Block::checkEarlyAccess(Thread &by, const Allocation &allocation, uintptr_t address, uint32_t bytes, Access access,
                             uint32_t site) {
  const std::string what = std::to_string(bytes) + " bytes before griddepcontrol.wait";
  if (access != Access::Load) {
    fail(by, site, "writes " + what + ", while earlier kernels may still use them: " + memory.describe(address));
  }
  if (allocation.writtenIn != 0) {
    fail(by, site, "reads " + what + ", in memory that kernels write: " + memory.describe(address));
  }
}

void Block::failUnwaited() {
  std::fprintf(stderr,
               "cuda emulator: %s: ends without griddepcontrol.wait, though the launch may overlap earlier kernels\n",
               place(*current).c_str());
  failed = true;
  leave();
}

void Block::prefetch(uintptr_t address, uint32_t bytes, uint32_t site) {
  if (address % prefetchAlignment != 0 || bytes % prefetchAlignment != 0 || bytes == 0) {
    fail(*current, site,
         "prefetches " + std::to_string(bytes) + " bytes, expected a multiple of 16 that is not 0 at an address that " +
             "is one (" + memory.describe(address) + ")");
  }
  if (!memory.find(address, bytes)) {
    fail(*current, site, "prefetches " + std::to_string(bytes) + " bytes out of bounds: " + memory.describe(address));
  }
}

} // namespace lapidary::cuda::emulator

using namespace lapidary::cuda::emulator;

void lap_emu_wait_for_kernels() { theBlock().waitForKernels(); }
void lap_emu_prefetch(const void *address, uint32_t bytes, uint32_t site) {
  theBlock().prefetch(reinterpret_cast<uintptr_t>(address), bytes, site);
}
