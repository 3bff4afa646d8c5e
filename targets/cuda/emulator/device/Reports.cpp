//===- Reports.cpp - what kernels did wrong, for the one who wrote them ----===//
// SPDX-License-Identifier: Apache-2.0
//
//   cuda emulator: kernel 'sum', block (0, 0, 0), thread (31, 0, 0): reads 4 bytes out of bounds: 0 bytes behind the
//   end of an allocation of 128 bytes
//     at instruction 7: %3 = load float, ptr addrspace(1) %2, align 4
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Block.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace lapidary::cuda::emulator {

namespace {

std::string text(const Dimensions &at) {
  return "(" + std::to_string(at.x) + ", " + std::to_string(at.y) + ", " + std::to_string(at.z) + ")";
}

} // namespace

std::string Block::siteText(uint32_t site) const {
  return site < launch->siteCount ? launch->sites[site] : "an unknown instruction";
}

std::string Block::place(const Thread &thread) const {
  return std::string("kernel '") + launch->kernel->name + "', block " + text(blockIndex) + ", thread " +
         text(thread.id);
}

/// The block of this launch that ran at `stamp`.
std::string Block::blockOf(uint32_t stamp) const {
  const auto behind = std::upper_bound(blockStarts.begin(), blockStarts.end(), stamp);
  const uint32_t number = uint32_t(behind - blockStarts.begin()) - 1;
  const Dimensions &grid = launch->grid;
  return text({number % grid.x, number / grid.x % grid.y, number / grid.x / grid.y});
}

void Block::fail(const Thread &by, uint32_t site, const std::string &what) {
  std::fprintf(stderr, "cuda emulator: %s: %s\n  at %s\n", place(by).c_str(), what.c_str(), siteText(site).c_str());
  failed = true;
  leave();
}

void Block::failRace(const Thread &by, Access access, uint32_t site, const Record &other, bool shared,
                     uintptr_t address) {
  const bool writes = access == Access::Store || access == Access::AtomicUpdate;
  const bool sameBlock = other.stamp() >= clock.blockStart;
  const Thread &thread = threads[other.thread()];
  const std::string where = shared ? "byte " + std::to_string(address) + " of shared memory" : memory.describe(address);
  std::fprintf(stderr, "cuda emulator: %s: race: %s the word %s, which thread %s %s\n  at %s\n  and %s\n",
               place(by).c_str(), writes ? "writes" : "reads", where.c_str(), text(thread.id).c_str(),
               sameBlock ? "touched with no barrier between"
                         : ("of block " + blockOf(other.stamp()) + " touched in the same launch").c_str(),
               siteText(site).c_str(), siteText(other.site()).c_str());
  failed = true;
  leave();
}

/// Nobody can go on: some wait for others that have ended or wait for something else.
void Block::failStuck() {
  std::map<std::pair<Waiting, uint32_t>, std::vector<const Thread *>> groups;
  for (uint32_t i = 0; i < threadCount; ++i) {
    const Thread &thread = threads[i];
    groups[{thread.waiting, thread.waiting == Waiting::Ended ? 0 : thread.site}].push_back(&thread);
  }
  std::fprintf(stderr, "cuda emulator: kernel '%s', block %s: threads wait for others that never come\n",
               launch->kernel->name, text(blockIndex).c_str());
  for (const auto &[key, members] : groups) {
    const auto &[waiting, site] = key;
    const std::string what = waiting == Waiting::Ended       ? "have ended"
                             : waiting == Waiting::Barrier   ? "wait at the barrier " + siteText(site)
                             : waiting == Waiting::Warpgroup ? "wait for their warpgroup at " + siteText(site)
                                                             : "wait for their warp at " + siteText(site);
    std::fprintf(stderr, "  %zu of %u, thread %s first: %s\n", members.size(), threadCount,
                 text(members.front()->id).c_str(), what.c_str());
  }
  failed = true;
  leave();
}

} // namespace lapidary::cuda::emulator
