//===- ThreadQueue.h - what threads copy for themselves, ahead of time --------===//
// SPDX-License-Identifier: Apache-2.0
//
// A queue in shared memory, filled by asynchronous copies, of which every thread uses its own places only: loads that
// are on their way then cost no registers, and need no barrier; a thread waits for its own copies. A stage of the queue
// has some pieces of 4, 8 or 16 bytes for each thread, neighbours next to each other.
//
//   [stages]: piece 0 [threads], piece 1 [threads], ..
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_THREADQUEUE_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_THREADQUEUE_H

#include "targets/cuda/kernels/KernelBuilder.h"

namespace lapidary::cuda {

class ThreadQueue {
public:
  static constexpr unsigned stages = 2;

  /// `pieces`: their bytes, larger ones first. The queue lies at `start`, a multiple of 16, of some shared memory.
  ThreadQueue(unsigned threads, unsigned start, llvm::ArrayRef<unsigned> pieces) : start(start) {
    for (unsigned bytes : pieces) {
      places.push_back({bytes, stageBytes});
      stageBytes += bytes * threads;
    }
  }

  unsigned bytes() const { return stages * stageBytes; }
  unsigned end() const { return start + bytes(); }

  /// Starts the copy of a piece; zeroes where it is not `wanted` (i1), whatever the address.
  void copy(KernelBuilder &k, Val memory, Val stage, unsigned piece, Val from, Val offset, Val wanted) const {
    const unsigned bytes = places[piece].bytes;
    k.copyAsync(memory, place(k, stage, piece), from, offset, bytes, select(wanted, k.i32(bytes), k.i32(0)));
  }
  /// A piece that has been waited for; `type` has its size.
  Val load(KernelBuilder &k, mlir::Type type, Val memory, Val stage, unsigned piece) const {
    return k.load(type, memory, place(k, stage, piece));
  }

private:
  struct Place {
    unsigned bytes, first; ///< of a thread; of the piece in a stage
  };
  Val place(KernelBuilder &k, Val stage, unsigned piece) const {
    return stage % stages * stageBytes + k.threadId() * places[piece].bytes + (start + places[piece].first);
  }

  unsigned start, stageBytes = 0;
  llvm::SmallVector<Place> places;
};

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_THREADQUEUE_H
