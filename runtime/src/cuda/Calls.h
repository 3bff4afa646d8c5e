//===- Calls.h - what the calls of a group of sessions need ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A group has one stream, which orders everything it does. A call's ids, places and gathered table rows lie in one
// block of pinned memory that is copied to the GPU before the kernels; there are two such blocks, so that the host
// prepares a prompt's next chunk while the GPU works at the one before. Captured graphs copy from the first one.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CUDA_CALLS_H
#define LAPIDARY_RUNTIME_CUDA_CALLS_H

#include "runtime/src/cuda/Gpu.h"
#include "runtime/src/cuda/Graphs.h"

namespace lap {

namespace cuda {

/// Rows of logits on the GPU and what is found in them (Draws.h).
struct Rows {
  uint32_t count = 0; // 0: nothing is searched
  const lap_program *program = nullptr;
  Address logits = 0, maxima = 0, found = 0;
};

/// A step as the drivers get it (callOf in Launch.h). Addresses are the GPU's; `ids` and `places` of lap_step are the
/// host's.
struct Call : lap_step {
  DeviceCalls *calls = nullptr; // null: nothing is enqueued
  Tables *collected = nullptr;  // where embed ops of tables put themselves then
  const Tables *tables = nullptr;
  Address idBlock = 0;                // int32[tokens]
  Address placeBlock = 0;             // lap_row_place[tokens]
  Address tableBlock[MaxTables] = {}; // of tables->ops[i]: the rows of its output
  uint32_t reach = 0;                 // above the positions of all rows
  Rows rows;                          // of logits, to search when the function is done
};

/// Where the parts of a call's block lie.
struct BlockLayout {
  uint64_t ids, places, tables[MaxTables], bytes;
};
BlockLayout blockLayout(const Tables &tables, uint32_t tokens);

/// The most bytes that a call's block has for any function of the program.
uint64_t blockBytes(const Device &device, const lap_program &program);

struct PinnedBlock {
  uint8_t *memory = nullptr;
  Event copied = nullptr;
  bool busy = false; // `copied` has been recorded since the stream was last waited for
};

/// The first thing that went wrong since it was last asked.
struct Failure {
  Result result = Success;
  const char *function = "", *purpose = "";
};

} // namespace cuda

struct DeviceCalls {
  const Device *device = nullptr;
  cuda::Stream stream = nullptr;
  cuda::Address block = 0; // blockBytes
  uint64_t blockBytes = 0;
  cuda::PinnedBlock pinned[2];
  uint32_t turn = 0;
  cuda::Graphs graphs;
  cuda::Failure failure;
  bool afterKernel = false; // the last operation of the stream is a kernel

  bool failed() const { return failure.result != cuda::Success; }
  /// Remembers the result of something that was enqueued, if it is the first bad one. True for a good one.
  bool note(cuda::Result result, const char *function, const char *purpose);
  /// LAP_DEVICE_FAILED and its line, if anything was noted; then it is forgotten.
  lap_status report(lap_error *error);
};

namespace cuda {

/// Makes what the calls of session.lender's group need. Errors: LAP_OUT_OF_MEMORY, LAP_DEVICE_FAILED.
lap_status openCalls(lap_session &lender, lap_error *error);
void closeCalls(lap_session &lender);

/// Writes ids, places and gathered rows of a call to a pinned block (the first one for a captured graph), which is
/// returned, and sets the addresses they will have on the GPU.
PinnedBlock &stage(DeviceCalls &calls, const lap_session &session, Call &call, bool captured);
/// Enqueues the copy of the staged block.
void upload(const Call &call, const PinnedBlock &block);
/// Enqueues a copy to the host, waits for all.
void fetch(DeviceCalls &calls, void *to, Address from, uint64_t bytes, const char *purpose);
/// Waits for all that was enqueued.
void wait(DeviceCalls &calls);

} // namespace cuda
} // namespace lap

#endif // LAPIDARY_RUNTIME_CUDA_CALLS_H
