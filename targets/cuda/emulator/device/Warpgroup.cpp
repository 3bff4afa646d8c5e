//===- Warpgroup.cpp - threads of a warpgroup meet, and wait for products --===//
// SPDX-License-Identifier: Apache-2.0
//
// See Warpgroup.h; the products themselves are in Wgmma.cpp. Fence, commit and wait are a warp's instructions in PTX;
// here the four warps meet for them too, which they do anyway at the next product.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Wgmma.h"

#include <algorithm>

namespace lapidary::cuda::emulator {

bool Block::arriveAtWarpgroup(uint32_t *words, uint32_t site) {
  Thread &self = *current;
  const uint32_t first = self.index / warpgroupThreads * warpgroupThreads;
  if (first + warpgroupThreads > threadCount) {
    fail(self, site, "is not in a whole warpgroup of 128 threads: the block has " + std::to_string(threadCount));
  }
  self.waiting = Waiting::Warpgroup;
  self.words = words;
  self.site = site;
  if (++warpgroup().arrived != warpgroupThreads) {
    wait();
    return false;
  }
  for (uint32_t i = first + 1; i < first + warpgroupThreads; ++i) {
    if (threads[i].site != threads[first].site) {
      fail(threads[i], threads[i].site,
           "is at another instruction than the first thread of its warpgroup, which is at " +
               siteText(threads[first].site));
    }
  }
  return true;
}

void Block::leaveWarpgroup() {
  warpgroup().arrived = 0;
  for (uint32_t i = 0; i < warpgroupThreads; ++i) {
    Thread &thread = warpgroupThread(i);
    thread.waiting = Waiting::No;
    warps[thread.index / warpLanes].ready |= 1u << thread.lane();
  }
}

void Block::beginRead(Warpgroup &group, uint32_t offset) {
  group.reads.push_back({offset / pieceBytes, group.groups});
  ++productReads[offset / pieceBytes];
  ++allProductReads;
}

void Block::endReads(Warpgroup &group, uint32_t open) {
  std::erase_if(group.reads, [&](const PendingRead &read) {
    const bool done = read.group + open < group.groups;
    productReads[read.piece] -= done;
    allProductReads -= done;
    return done;
  });
}

/// Nothing is left of the block before.
void Block::resetWarpgroups() {
  for (Warpgroup &group : warpgroups) {
    for (const PendingRead &read : group.reads) {
      productReads[read.piece] = 0;
    }
    group = Warpgroup();
  }
  allProductReads = 0;
}

namespace {

/// Puts the values of `sums` in the place of their marks in a thread's words; true if they are there.
bool deliver(Block &block, const PendingSums &sums, uint32_t thread, uint32_t count) {
  uint32_t *words = block.warpgroupThread(thread).words;
  const uint32_t own = sums.n / 2;
  for (uint32_t at = 0; at + own <= count; ++at) {
    if (markAt(words + at, own) == sums.id) {
      for (uint32_t i = 0; i < own; ++i) {
        words[at + i] = sums.values[sumPlace(thread, i, sums.n)];
      }
      return true;
    }
  }
  return false;
}

void waitForProducts(Block &block, uint32_t open, uint32_t count) {
  Warpgroup &group = block.warpgroup();
  block.endReads(group, open);
  for (const PendingSums &sums : group.sums) {
    for (uint32_t i = 0; i < warpgroupThreads && sums.group + open < group.groups; ++i) {
      if (!deliver(block, sums, i, count)) {
        Thread &thread = block.warpgroupThread(i);
        block.fail(thread, thread.site,
                   "waits for products but does not pass all of their sums through the wait, unchanged and in order");
      }
    }
  }
  std::erase_if(group.sums, [&](const PendingSums &sums) { return sums.group + open < group.groups; });
  group.fenced = false;
}

} // namespace

} // namespace lapidary::cuda::emulator

using namespace lapidary::cuda::emulator;

void lap_emu_proxy_fence() { theBlock().fenceProxy(); }

void lap_emu_wgmma_fence(uint32_t site) {
  Block &block = theBlock();
  if (block.arriveAtWarpgroup(nullptr, site)) {
    block.warpgroup().fenced = true;
    block.leaveWarpgroup();
  }
}

void lap_emu_wgmma_commit(uint32_t site) {
  Block &block = theBlock();
  if (block.arriveAtWarpgroup(nullptr, site)) {
    ++block.warpgroup().groups;
    block.leaveWarpgroup();
  }
}

void lap_emu_wgmma_wait(uint32_t groups, uint32_t *words, uint32_t count, uint32_t site) {
  Block &block = theBlock();
  if (block.arriveAtWarpgroup(words, site)) {
    waitForProducts(block, groups, count);
    block.leaveWarpgroup();
  }
}
