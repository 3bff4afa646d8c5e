//===- Block.cpp - threads of a block and what they wait for ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Block.h. Checks of accesses are in Accesses.cpp, messages in Reports.cpp.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Block.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace lapidary::cuda::emulator {

namespace {

#ifdef LAP_EMU_ASAN
constexpr size_t stackBytes = 512 << 10;
#else
constexpr size_t stackBytes = 128 << 10;
#endif
constexpr size_t guardBytes = 4096;
/// A clock beyond this starts again before the next launch, long before 32 bits are used up.
constexpr uint32_t clockLimit = 0xc0000000;

char *mapPages(size_t bytes, int protection) {
  void *at = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) {
    std::perror("cuda emulator: cannot map memory for stacks");
    std::abort();
  }
  return static_cast<char *>(at);
}

/// The ends of stacks differ in their place in a page, or all threads' hot lines would share a few cache sets.
size_t stackColour(uint32_t thread) { return thread % 32 * 128; }

} // namespace

Block::Block(Memory &memory) : memory(memory) {
  stacks = mapPages(maxThreads * stackBytes, PROT_READ | PROT_WRITE);
  for (uint32_t i = 0; i < maxThreads; ++i) {
    mprotect(stacks + i * stackBytes, guardBytes, PROT_NONE);
  }
  // Nothing is before and behind shared memory: what is wrong with an address there is found by its distance.
  char *room = mapPages(2 * sharedAlignment + guardBytes, PROT_NONE) + guardBytes;
  sharedMemory = room + (-reinterpret_cast<uintptr_t>(room) & (sharedAlignment - 1));
  mprotect(sharedMemory, maxSharedBytes, PROT_READ | PROT_WRITE);
}

bool Block::isStack(uintptr_t address) const {
  return address - reinterpret_cast<uintptr_t>(stacks) < maxThreads * stackBytes;
}

bool Block::run(const Launch &what) {
  launch = &what;
  threadCount = what.block.x * what.block.y * what.block.z;
  sharedBytes = what.kernel->sharedBytes + what.dynamicShared;
  if (clock.now > clockLimit) {
    clock = Clock();
    memory.forgetAccesses();
    std::fill(sharedCells.begin(), sharedCells.end(), Cell());
  }
  clock.launchStart = ++clock.now;
  blockStarts.clear();
  markWritten();
  failed = false;
  for (blockIndex.z = 0; blockIndex.z < what.grid.z; ++blockIndex.z) {
    for (blockIndex.y = 0; blockIndex.y < what.grid.y; ++blockIndex.y) {
      for (blockIndex.x = 0; blockIndex.x < what.grid.x; ++blockIndex.x) {
        if (!runBlock()) {
          return false;
        }
      }
    }
  }
  return true;
}

/// Finds the allocations that this launch may write to. Reads of others need not be remembered.
void Block::markWritten() {
  const Kernel &kernel = *launch->kernel;
  writesAnywhere = kernel.writtenParameters == anyParameter;
  for (uint32_t i = 0; i < std::min(kernel.parameterCount, 64u); ++i) {
    uintptr_t address = 0;
    if ((kernel.writtenParameters >> i & 1) && kernel.parameterBytes[i] == sizeof(address)) {
      std::memcpy(&address, launch->parameters[i], sizeof(address));
      if (Allocation *allocation = memory.find(address, 0)) {
        allocation->writtenIn = clock.launchStart;
      }
    }
  }
}

bool Block::runBlock() {
  clock.blockStart = clock.barrier = ++clock.now;
  blockStarts.push_back(clock.now);
  std::memset(sharedState.data(), Unwritten, sharedBytes);
  resetWarpgroups();
  startThreads();
  running = threadCount;
  arrived = 0;
  current = &threads[0];
  switchFiber(host, *current);
  return !failed;
}

void Block::startThreads() {
  Dimensions id{0, 0, 0};
  for (uint32_t i = 0; i < threadCount; ++i) {
    Thread &thread = threads[i];
    thread.index = i;
    thread.id = id;
    thread.waiting = Waiting::No;
    thread.copies.clear();
    thread.groups = 0;
    thread.proxyFence = 0;
    thread.early = launch->overlaps;
    char *top = stacks + (i + 1) * stackBytes - stackColour(i);
    startFiber(thread, top, stackBytes - guardBytes - stackColour(i), enter);
    if (++id.x == launch->block.x) {
      id.x = 0;
      if (++id.y == launch->block.y) {
        id.y = 0;
        ++id.z;
      }
    }
  }
  for (uint32_t first = 0; first < threadCount; first += warpLanes) {
    const uint32_t lanes = std::min(warpLanes, threadCount - first);
    warps[first / warpLanes] = {lanes == warpLanes ? ~0u : (1u << lanes) - 1, 0, clock.now};
  }
}

void Block::enter(boost::context::detail::transfer_t transfer) {
  Block &block = theBlock();
  detail::arrive(transfer, *block.current);
  block.launch->kernel->launch(block.launch->parameters);
  block.end();
}

void Block::end() {
  finishCopies(*this, *current, ~0u);
  if (current->early) {
    failUnwaited();
  }
  current->waiting = Waiting::Ended;
  --running;
  wait();
  std::abort(); // nobody continues a thread that has ended
}

/// The thread that goes on after this one: lanes of the same warp first. nullptr: none can.
Thread *Block::next() {
  const uint32_t own = current->index / warpLanes, count = (threadCount + warpLanes - 1) / warpLanes;
  for (uint32_t i = 0, at = own; i < count; ++i, at = at + 1 == count ? 0 : at + 1) {
    if (warps[at].ready) {
      return &threads[at * warpLanes + uint32_t(std::countr_zero(warps[at].ready))];
    }
  }
  return nullptr;
}

/// Lets others run until this thread is ready again (or forever, when it has ended).
void Block::wait() {
  warp().ready &= ~(1u << current->lane());
  Thread &self = *current;
  const bool last = self.waiting == Waiting::Ended;
  Thread *to = next();
  if (!to && running == 0) {
    leave();
  }
  if (!to) {
    failStuck();
  }
  current = to;
  switchFiber(self, *to, last);
}

void Block::leave() {
  switchFiber(*current, host, true);
  std::abort();
}

void Block::barrier(uint32_t id, uint32_t count, uint32_t site) {
  if (count != 0 && count != threadCount) {
    fail(*current, site,
         "waits at a barrier of " + std::to_string(count) + " of the block's " + std::to_string(threadCount) +
             " threads: the emulator has barriers of whole blocks only");
  }
  if (arrived != 0 && id != barrierId) {
    fail(*current, site,
         "waits at barrier " + std::to_string(id) + " while others wait at barrier " + std::to_string(barrierId));
  }
  barrierId = id;
  current->waiting = Waiting::Barrier;
  current->site = site;
  if (++arrived != threadCount) {
    wait();
    return;
  }
  checkBarrierSites();
  arrived = 0;
  clock.barrier = ++clock.now;
  for (uint32_t i = 0; i < threadCount; ++i) {
    threads[i].waiting = Waiting::No;
    warps[i / warpLanes].ready |= 1u << threads[i].lane();
    warps[i / warpLanes].start = clock.now;
  }
}

/// An aligned barrier is one instruction for all lanes of a warp.
void Block::checkBarrierSites() {
  for (uint32_t i = 1; i < threadCount; ++i) {
    if (i % warpLanes != 0 && threads[i].site != threads[i - 1].site) {
      fail(threads[i], threads[i].site,
           "waits at a barrier of its own: lane " + std::to_string(threads[i - 1].lane()) +
               " of the same warp waits at " + siteText(threads[i - 1].site));
    }
  }
}

/// True when all lanes of `mask` wait for the same as `thread`.
bool Block::complete(uint32_t mask, const Thread &thread) const {
  static constexpr bool aligned[] = {
#define LAP_EMU_WARP(NAME, INTRINSIC, MASK, ALIGNED) ALIGNED != 0,
#include "targets/cuda/emulator/WarpOperations.def"
  };
  if ((warps[thread.index / warpLanes].waiting & mask) != mask) {
    return false;
  }
  const Thread *lanes = &threads[thread.index / warpLanes * warpLanes];
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const Thread &other = lanes[std::countr_zero(left)];
    if (other.operation != thread.operation || other.mask != mask ||
        (aligned[uint32_t(thread.operation)] && other.site != thread.site)) {
      return false;
    }
  }
  return true;
}

void Block::warpOperation(WarpOperation operation, uint32_t mask, uint32_t *words, uint32_t site) {
  Thread &self = *current;
  const uint32_t bit = 1u << self.lane();
  if (!(mask & bit)) {
    fail(self, site, "is not in the mask of lanes that it gives");
  }
  self.waiting = Waiting::Warp;
  self.operation = operation;
  self.mask = mask;
  self.words = words;
  self.site = site;
  Warp &own = warp();
  own.waiting |= bit;
  if (!complete(mask, self)) {
    wait();
    return;
  }
  performWarpOperation(*this, operation, mask);
  if (operation == WarpOperation::Sync) {
    own.start = ++clock.now;
  }
  own.waiting &= ~mask;
  own.ready |= mask;
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    lane(uint32_t(std::countr_zero(left))).waiting = Waiting::No;
  }
}

} // namespace lapidary::cuda::emulator
