//===- Block.h - the running block: threads, warps, barriers ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Blocks of a launch run one after the other, each thread of a block on a fiber of its own. A thread runs until it ends
// or waits for others; then the next one that can go on does, lanes of the same warp first. The one that arrives last
// does what all wait for. If threads wait and nobody can go on, they wait for what never comes, and that is reported.
//
// One launch runs at a time, on one host thread, so there is one block, and retargeted code needs no handle.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_BLOCK_H
#define LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_BLOCK_H

#include "targets/cuda/emulator/device/Fiber.h"
#include "targets/cuda/emulator/device/Memory.h"
#include "targets/cuda/emulator/device/Warpgroup.h"

#include <string>
#include <vector>

namespace lapidary::cuda::emulator {

constexpr uint32_t warpLanes = 32, maxThreads = 1024;
constexpr uint32_t maxSharedBytes = 228 << 10;
/// What shared memory starts at a multiple of: matrix descriptors have the low 18 bits of an address.
constexpr uint32_t sharedAlignment = 1 << 18;

struct Dimensions {
  uint32_t x = 1, y = 1, z = 1;
};

/// A cp.async that has not been waited for.
struct PendingCopy {
  char *shared;
  const char *global;
  uint32_t bytes, sourceBytes, site, group;
};

enum class Waiting : uint8_t { No, Barrier, Warp, Warpgroup, Ended };

struct Thread : Fiber {
  uint32_t index = 0; ///< in the block, x fastest
  Dimensions id;
  Waiting waiting = Waiting::No;
  // What it waits for:
  WarpOperation operation = WarpOperation::Sync;
  uint32_t mask = 0, site = 0;
  uint32_t *words = nullptr;
  // Asynchronous copies, oldest first, and how many groups it has committed.
  std::vector<PendingCopy> copies;
  uint32_t groups = 0;
  uint32_t proxyFence = 0; ///< clock of its last fence.proxy.async
  bool early = false;      ///< earlier kernels may still run: it has not executed griddepcontrol.wait

  uint32_t lane() const { return index % warpLanes; }
};

struct Warp {
  uint32_t ready = 0, waiting = 0; ///< lanes that can go on, and that wait for other lanes
  uint32_t start = 0;              ///< clock after its last synchronisation
};

struct Launch {
  const Kernel *kernel;
  Dimensions grid, block;
  uint32_t dynamicShared = 0;
  bool overlaps = false; ///< it may begin before the kernel in front of it has ended
  void **parameters = nullptr;
  const char *const *sites = nullptr;
  uint32_t siteCount = 0;
};

class Block {
public:
  explicit Block(Memory &memory);

  /// Runs all blocks. False after a misuse, which has been reported on stderr.
  bool run(const Launch &launch);

  // For the functions that kernels call:
  Thread &thread() { return *current; }
  Warp &warp() { return warps[current->index / warpLanes]; }
  const Launch &launched() const { return *launch; }
  const Dimensions &index() const { return blockIndex; }
  Thread &lane(uint32_t lane) { return threads[current->index / warpLanes * warpLanes + lane]; }
  char *shared() { return sharedMemory; }
  bool isShared(uintptr_t address) const { return address - sharedBase() < maxSharedBytes; }
  bool isStack(uintptr_t address) const;

  void barrier(uint32_t id, uint32_t count, uint32_t site);
  void warpOperation(WarpOperation operation, uint32_t mask, uint32_t *words, uint32_t site);

  // Of wgmma (Warpgroup.cpp, Wgmma.cpp). The running thread's warpgroup and its threads.
  Warpgroup &warpgroup() { return warpgroups[current->index / warpgroupThreads]; }
  Thread &warpgroupThread(uint32_t i) { return threads[current->index / warpgroupThreads * warpgroupThreads + i]; }
  /// Waits for the other threads of the warpgroup. True in the one that arrives last: it does what all wait for, and
  /// calls leaveWarpgroup.
  bool arriveAtWarpgroup(uint32_t *words, uint32_t site);
  void leaveWarpgroup();
  /// From now until endReads, `pieceBytes` of shared memory may not be written.
  void beginRead(Warpgroup &group, uint32_t offset);
  /// Of products that are older than the newest `open` groups.
  void endReads(Warpgroup &group, uint32_t open);
  /// Checks a read of shared memory by a product. What threads wrote must have a fence.proxy.async behind it.
  void readThroughAsyncProxy(Thread &by, uint32_t offset, uint32_t bytes);
  /// griddepcontrol.wait, and cp.async.bulk.prefetch.L2 (DependentLaunch.cpp).
  void waitForKernels() { current->early = false; }
  void prefetch(uintptr_t address, uint32_t bytes, uint32_t site);

  void fenceProxy() { current->proxyFence = ++clock.now; }

  /// Checks an access of the running thread, which is reported and ends the launch if it is wrong.
  void access(uintptr_t address, uint32_t bytes, uint32_t alignment, Access access, uint32_t site);
  /// The same for accesses that a thread does for others, or later.
  void access(Thread &by, uintptr_t address, uint32_t bytes, uint32_t alignment, Access access, uint32_t site);
  /// Marks shared bytes as being filled by a copy that nobody has waited for.
  void setPending(const void *address, uint32_t bytes);
  /// Reports a misuse by `by` and ends the launch.
  [[noreturn]] void fail(const Thread &by, uint32_t site, const std::string &what);

private:
  enum : uint8_t { Unwritten, Written, Pending };
  bool runBlock();
  void markWritten();
  void startThreads();
  void resetWarpgroups();
  void checkNotBeingRead(Thread &by, uint32_t offset, uint32_t bytes, uint32_t site);
  static void enter(boost::context::detail::transfer_t transfer);
  [[noreturn]] void end();
  Thread *next();
  void wait();
  void checkBarrierSites();
  void checkEarlyAccess(Thread &by, const Allocation &allocation, uintptr_t address, uint32_t bytes, Access access,
                        uint32_t site);
  bool complete(uint32_t mask, const Thread &thread) const;
  void accessShared(Thread &by, uint32_t offset, uint32_t bytes, Access access, uint32_t site);
  void accessGlobal(Thread &by, uintptr_t address, uint32_t bytes, Access access, uint32_t site);
  [[noreturn]] void failRace(const Thread &by, Access access, uint32_t site, const Record &other, bool shared,
                             uintptr_t address);
  [[noreturn]] void failStuck();
  [[noreturn]] void failUnwaited();
  [[noreturn]] void leave();
  std::string place(const Thread &thread) const;
  std::string siteText(uint32_t site) const;
  std::string blockOf(uint32_t stamp) const;
  uintptr_t sharedBase() const { return reinterpret_cast<uintptr_t>(sharedMemory); }

  Memory &memory;
  Clock clock;
  std::vector<Thread> threads{maxThreads};
  std::vector<Warp> warps{maxThreads / warpLanes};
  std::vector<Warpgroup> warpgroups{maxThreads / warpgroupThreads};
  Fiber host;
  Thread *current = nullptr;
  const Launch *launch = nullptr;
  Dimensions blockIndex;
  std::vector<uint32_t> blockStarts; ///< first stamp of each block of this launch, in the order they run
  uint32_t threadCount = 0, running = 0, arrived = 0, barrierId = 0;
  uint32_t sharedBytes = 0;
  bool writesAnywhere = false; ///< the kernel may write to memory that no parameter points to
  bool failed = false;
  char *stacks = nullptr;
  char *sharedMemory = nullptr;
  std::vector<Cell> sharedCells{maxSharedBytes / 4};
  std::vector<uint16_t> productReads = std::vector<uint16_t>(maxSharedBytes / pieceBytes); ///< of products, unfinished
  uint32_t allProductReads = 0;
  std::vector<uint8_t> sharedState = std::vector<uint8_t>(maxSharedBytes, uint8_t(Unwritten));
};

/// The device's block; set when the device is made, by the first call of the driver.
extern Block *deviceBlock;
inline Block &theBlock() { return *deviceBlock; }

/// The results of a warp operation, from the words of the lanes of `mask`: WarpOperations.cpp, Mma.cpp, Ldmatrix.cpp.
void performWarpOperation(Block &block, WarpOperation operation, uint32_t mask);
void multiply(Block &block, WarpOperation operation);
void loadMatrices(Block &block, WarpOperation operation);
/// Does the thread's copies that are older than its newest `groups` groups: AsyncCopy.cpp.
void finishCopies(Block &block, Thread &thread, uint32_t groups);

} // namespace lapidary::cuda::emulator

#endif // LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_BLOCK_H
