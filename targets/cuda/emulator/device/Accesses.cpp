//===- Accesses.cpp - may the thread touch these bytes? --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Bounds, alignment, initialisation and races (Shadow.h) of one access, and the entry points that kernels call.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Block.h"

#include <algorithm>
#include <cstring>

namespace lapidary::cuda::emulator {

namespace {

const char *verb(Access access) {
  switch (access) {
  case Access::Load:
    return "reads ";
  case Access::Store:
    return "writes ";
  case Access::AtomicLoad:
    return "atomically reads ";
  case Access::AtomicUpdate:
    return "atomically updates ";
  }
  return "";
}

std::string bytesText(Access access, uint32_t bytes) {
  return verb(access) + std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

/// Calls `each(word, mask)` for the words that [address, address + bytes) touches.
template <typename Function> void forEachWord(uintptr_t address, uint32_t bytes, Function each) {
  const uintptr_t end = address + bytes;
  if ((address | bytes) % 4 == 0) {
    for (uintptr_t word = address; word < end; word += 4) {
      each(word, 15u);
    }
    return;
  }
  for (uintptr_t word = address & ~uintptr_t(3); word < end; word += 4) {
    const uint32_t from = word < address ? uint32_t(address - word) : 0;
    const uint32_t to = uint32_t(std::min<uintptr_t>(4, end - word));
    each(word, (15u << from) & (15u >> (4 - to)));
  }
}

} // namespace

void Block::access(uintptr_t address, uint32_t bytes, uint32_t alignment, Access access, uint32_t site) {
  this->access(*current, address, bytes, alignment, access, site);
}

void Block::access(Thread &by, uintptr_t address, uint32_t bytes, uint32_t alignment, Access access, uint32_t site) {
  if (address % alignment != 0) {
    fail(by, site,
         bytesText(access, bytes) + " at an address that is not a multiple of " + std::to_string(alignment) + " (" +
             (isShared(address) ? "byte " + std::to_string(address - sharedBase()) + " of shared memory"
                                : memory.describe(address)) +
             ")");
  }
  // Kernels that run off the end of shared memory are told so; the distance tells what they meant.
  if (!memory.contains(address) && address - sharedBase() + maxSharedBytes < 3 * uintptr_t(maxSharedBytes)) {
    const intptr_t offset = intptr_t(address - sharedBase());
    if (offset < 0 || uint64_t(offset) + bytes > sharedBytes) {
      fail(by, site,
           bytesText(access, bytes) + " out of bounds: byte " + std::to_string(offset) +
               " of shared memory, which has " + std::to_string(sharedBytes));
    }
    accessShared(by, uint32_t(offset), bytes, access, site);
    return;
  }
  Allocation *allocation = memory.find(address, bytes);
  if (!allocation) {
    if (isStack(address)) {
      return; // a variable of the thread, reached through a generic pointer
    }
    fail(by, site, bytesText(access, bytes) + " out of bounds: " + memory.describe(address));
  }
  if (by.early) {
    checkEarlyAccess(by, *allocation, address, bytes, access, site);
  }
  if (access == Access::Load && !writesAnywhere && allocation->writtenIn != clock.launchStart) {
    return; // nobody writes here in this launch
  }
  if (access == Access::Store || access == Access::AtomicUpdate) {
    allocation->writtenIn = clock.launchStart;
  }
  accessGlobal(by, address, bytes, access, site);
}

void Block::accessShared(Thread &by, uint32_t offset, uint32_t bytes, Access access, uint32_t site) {
  uint8_t *state = sharedState.data() + offset;
  if (access != Access::Store && std::count(state, state + bytes, uint8_t(Written)) != bytes) {
    const uint8_t *first = std::find_if(state, state + bytes, [](uint8_t s) { return s != Written; });
    fail(by, site,
         bytesText(access, bytes) +
             (*first == Pending ? " that a cp.async has not delivered: nobody waited for its group (byte "
                                : " of shared memory that nobody has written (byte ") +
             std::to_string(first - sharedState.data()) + ")");
  }
  if (allProductReads != 0 && (access == Access::Store || access == Access::AtomicUpdate)) {
    checkNotBeingRead(by, offset, bytes, site);
  }
  const Toucher toucher(clock, clock.barrier, by.index, warps[by.index / warpLanes].start, access, site);
  forEachWord(offset, bytes, [&](uintptr_t word, uint32_t mask) {
    if (const Record *other = touch(sharedCells[word / 4], mask, toucher)) {
      failRace(by, access, site, *other, true, word);
    }
  });
  if (access == Access::Store) {
    std::memset(state, Written, bytes);
  }
}

void Block::checkNotBeingRead(Thread &by, uint32_t offset, uint32_t bytes, uint32_t site) {
  for (uint32_t piece = offset / pieceBytes; piece <= (offset + bytes - 1) / pieceBytes; ++piece) {
    if (productReads[piece] != 0) {
      fail(by, site,
           bytesText(Access::Store, bytes) + " of shared memory (byte " + std::to_string(offset) +
               ") that a wgmma.mma_async reads which nobody has waited for");
    }
  }
}

void Block::readThroughAsyncProxy(Thread &by, uint32_t offset, uint32_t bytes) {
  access(by, sharedBase() + offset, bytes, bytes, Access::Load, by.site);
  for (uint32_t word = offset; word < offset + bytes; word += 4) {
    for (const Record &write : sharedCells[word / 4].writes) {
      if (write.stamp() >= clock.blockStart && threads[write.thread()].proxyFence <= write.stamp()) {
        fail(by, by.site,
             "reads byte " + std::to_string(word) + " of shared memory, which thread " +
                 std::to_string(write.thread()) + " wrote without a fence.proxy.async behind it, at " +
                 siteText(write.site()));
      }
    }
  }
}

void Block::accessGlobal(Thread &by, uintptr_t address, uint32_t bytes, Access access, uint32_t site) {
  const Toucher toucher(clock, clock.launchStart, by.index, warps[by.index / warpLanes].start, access, site);
  forEachWord(address, bytes, [&](uintptr_t word, uint32_t mask) {
    if (const Record *other = touch(memory.cell(word), mask, toucher)) {
      failRace(by, access, site, *other, false, word);
    }
  });
}

void Block::setPending(const void *address, uint32_t bytes) {
  std::memset(sharedState.data() + (reinterpret_cast<uintptr_t>(address) - sharedBase()), Pending, bytes);
}

} // namespace lapidary::cuda::emulator

using namespace lapidary::cuda::emulator;

void lap_emu_load(const void *address, uint32_t bytes, uint32_t alignment, uint32_t site) {
  theBlock().access(reinterpret_cast<uintptr_t>(address), bytes, alignment, Access::Load, site);
}
void lap_emu_store(const void *address, uint32_t bytes, uint32_t alignment, uint32_t site) {
  theBlock().access(reinterpret_cast<uintptr_t>(address), bytes, alignment, Access::Store, site);
}
void lap_emu_atomic_load(const void *address, uint32_t bytes, uint32_t alignment, uint32_t site) {
  theBlock().access(reinterpret_cast<uintptr_t>(address), bytes, alignment, Access::AtomicLoad, site);
}
void lap_emu_atomic_update(const void *address, uint32_t bytes, uint32_t alignment, uint32_t site) {
  theBlock().access(reinterpret_cast<uintptr_t>(address), bytes, alignment, Access::AtomicUpdate, site);
}
void lap_emu_local(const void *address, uint32_t bytes, const void *object, uint32_t objectBytes, uint32_t site) {
  const uintptr_t offset = reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(object);
  if (offset > objectBytes || bytes > objectBytes - offset) {
    theBlock().fail(theBlock().thread(), site,
                    "touches byte " + std::to_string(intptr_t(offset)) + " of a variable of " +
                        std::to_string(objectBytes) + " bytes");
  }
}
void lap_emu_trap(uint32_t site) { theBlock().fail(theBlock().thread(), site, "stops with a trap"); }
void *lap_emu_shared() { return theBlock().shared(); }
void lap_emu_barrier(uint32_t barrier, uint32_t threads, uint32_t site) { theBlock().barrier(barrier, threads, site); }
void lap_emu_warp(uint32_t operation, uint32_t mask, uint32_t *words, uint32_t site) {
  theBlock().warpOperation(WarpOperation(operation), mask, words, site);
}
