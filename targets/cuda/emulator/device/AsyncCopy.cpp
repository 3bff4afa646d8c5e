//===- AsyncCopy.cpp - cp.async and its groups -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The hardware copies at some time between the instruction and the wait. Here the bytes arrive at the latest moment,
// the wait, and until then reading them is an error; both moments count as writes of the thread that copies, so a
// buffer that others still read cannot be filled either.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Block.h"

#include <algorithm>
#include <cstring>

namespace lapidary::cuda::emulator {

void finishCopies(Block &block, Thread &thread, uint32_t groups) {
  size_t done = 0;
  for (; done < thread.copies.size(); ++done) {
    const PendingCopy &copy = thread.copies[done];
    if (groups != ~0u && copy.group + groups >= thread.groups) {
      break; // of a group that may stay open, or of none yet
    }
    block.access(thread, reinterpret_cast<uintptr_t>(copy.shared), copy.bytes, copy.bytes, Access::Store, copy.site);
    std::memcpy(copy.shared, copy.global, copy.sourceBytes);
    std::memset(copy.shared + copy.sourceBytes, 0, copy.bytes - copy.sourceBytes);
  }
  thread.copies.erase(thread.copies.begin(), thread.copies.begin() + ptrdiff_t(done));
}

} // namespace lapidary::cuda::emulator

using namespace lapidary::cuda::emulator;

void lap_emu_copy_async(void *shared, const void *global, uint32_t bytes, uint32_t sourceBytes, uint32_t site) {
  Block &block = theBlock();
  Thread &thread = block.thread();
  sourceBytes = std::min(sourceBytes, bytes);
  if (sourceBytes != 0) {
    block.access(reinterpret_cast<uintptr_t>(global), sourceBytes, 1, Access::Load, site);
  }
  if (reinterpret_cast<uintptr_t>(global) % bytes != 0) {
    block.fail(thread, site, "copies from a global address that is not a multiple of " + std::to_string(bytes));
  }
  if (!block.isShared(reinterpret_cast<uintptr_t>(shared))) {
    block.fail(thread, site, "copies to an address that is not in shared memory");
  }
  block.access(reinterpret_cast<uintptr_t>(shared), bytes, bytes, Access::Store, site);
  block.setPending(shared, bytes);
  thread.copies.push_back(
      {static_cast<char *>(shared), static_cast<const char *>(global), bytes, sourceBytes, site, thread.groups});
}

void lap_emu_copy_commit() { ++theBlock().thread().groups; }

void lap_emu_copy_wait(uint32_t groups) { finishCopies(theBlock(), theBlock().thread(), groups); }
