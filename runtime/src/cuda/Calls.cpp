//===- Calls.cpp - what the calls of a group of sessions need --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Calls.h. Rows of tables are read from the program's file, as on a CPU (runtime/src/cpu/Embed.cpp).
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Calls.h"
#include "runtime/src/Error.h"
#include "runtime/src/Session.h"

#include <fcntl.h>
#include <new>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace lap {

bool DeviceCalls::note(cuda::Result result, const char *function, const char *purpose) {
  afterKernel = false; // Launch.cpp knows better
  if (result != cuda::Success && !failed()) {
    failure = {result, function, purpose};
  }
  return result == cuda::Success;
}

lap_status DeviceCalls::report(lap_error *error) {
  const cuda::Failure what = failure;
  failure = {};
  return cuda::check(*device->driver, what.result, what.function, what.purpose, LAP_DEVICE_FAILED, error);
}

namespace cuda {

namespace {

constexpr uint64_t PartAlign = 256; // of a block's parts, in bytes

uint32_t rowsOf(const lap_buffer &buffer, uint32_t tokens) {
  return buffer.rows_per_token ? buffer.rows_per_token * tokens : buffer.fixed_rows;
}

/// Bytes [offset, offset + bytes) of the weight segment; from the mapping where reading fails, so that the failure is
/// reported as on a CPU.
void readWeights(const lap_model &model, uint64_t offset, uint8_t *to, uint64_t bytes) {
  const lap_weight_file &file = model.map.segment;
  const ssize_t got = pread(file.descriptor, to, bytes, static_cast<off_t>(file.offset + offset));
  if (got != static_cast<ssize_t>(bytes)) {
    memcpy(to, model.map.weights + offset, bytes);
  }
}

/// Where the row of a table that row `row` of `op.out` needs lies in the weight segment.
uint64_t tableRow(const lap_embed_args &op, const Call &call, uint32_t row) {
  const uint32_t token = op.out.rows_per_token ? row / op.out.rows_per_token : call.tokens - 1;
  return op.table.offset + static_cast<uint32_t>(call.ids[token]) * op.table.tile_bytes;
}

/// The rows of a table that the rows of `op.out` need, one behind the other. The disk hears of all before we wait for
/// the first.
void gather(const lap_model &model, const lap_embed_args &op, const Call &call, uint8_t *to) {
  const uint32_t rows = rowsOf(op.out, call.tokens);
  const uint64_t bytes = op.table.tile_bytes;
  const lap_weight_file &file = model.map.segment;
  for (uint32_t row = 0; row < rows && rows > 1; ++row) {
    posix_fadvise(file.descriptor, static_cast<off_t>(file.offset + tableRow(op, call, row)), static_cast<off_t>(bytes),
                  POSIX_FADV_WILLNEED);
  }
  for (uint32_t row = 0; row < rows; ++row) {
    readWeights(model, tableRow(op, call, row), to + row * bytes, bytes);
  }
}

void writePlaces(const lap_session &session, Call &call, lap_row_place *to) {
  for (uint32_t row = 0; row < call.tokens; ++row) {
    to[row] = call.places ? call.places[row] : lap_row_place{session.caches(), call.position + row, 0};
    call.reach = to[row].position >= call.reach ? to[row].position + 1 : call.reach;
  }
}

/// The block that is free, or will be first.
PinnedBlock &nextBlock(DeviceCalls &calls, bool captured) {
  calls.turn = captured ? 0 : 1 - calls.turn;
  PinnedBlock &block = calls.pinned[calls.turn];
  if (block.busy) {
    calls.note(calls.device->driver->eventWait(block.copied), "cuEventSynchronize", "waiting for an earlier call");
    block.busy = false;
  }
  return block;
}

lap_status openBlocks(DeviceCalls &calls, lap_error *error) {
  const Driver &driver = *calls.device->driver;
  lap_status status = check(driver, driver.allocate(&calls.block, calls.blockBytes), "cuMemAlloc",
                            "reserving memory for the calls' ids", LAP_OUT_OF_MEMORY, error);
  for (PinnedBlock &block : calls.pinned) {
    void *memory = nullptr;
    if (status == LAP_OK) {
      status = check(driver, driver.allocateHost(&memory, calls.blockBytes, 0), "cuMemHostAlloc",
                     "reserving pinned memory for the calls' ids", LAP_OUT_OF_MEMORY, error);
      block.memory = static_cast<uint8_t *>(memory);
    }
    if (status == LAP_OK) {
      status = check(driver, driver.eventCreate(&block.copied, EventNoTiming), "cuEventCreate", "opening a session",
                     LAP_DEVICE_FAILED, error);
    }
  }
  return status;
}

} // namespace

BlockLayout blockLayout(const Tables &tables, uint32_t tokens) {
  BlockLayout layout = {};
  const auto take = [&](uint64_t bytes) {
    const uint64_t at = layout.bytes;
    layout.bytes += alignUp(bytes, PartAlign);
    return at;
  };
  layout.ids = take(tokens * sizeof(int32_t));
  layout.places = take(tokens * sizeof(lap_row_place));
  for (uint32_t i = 0; i < tables.count; ++i) {
    layout.tables[i] = take(rowsOf(tables.ops[i]->out, tokens) * tables.ops[i]->table.tile_bytes);
  }
  return layout;
}

uint64_t blockBytes(const Device &device, const lap_program &program) {
  uint64_t most = 0;
  const Tables *const functions[] = {&device.extend, &device.step, &device.score};
  for (const Tables *tables : functions) {
    const uint64_t bytes = blockLayout(*tables, program.chunk).bytes;
    most = bytes > most ? bytes : most;
  }
  return most;
}

lap_status openCalls(lap_session &lender, lap_error *error) {
  void *memory = malloc(sizeof(DeviceCalls));
  if (!memory) {
    return failMemory(sizeof(DeviceCalls), "a session", error);
  }
  DeviceCalls &calls = *new (memory) DeviceCalls;
  lender.calls = &calls;
  calls.device = lender.model->device;
  calls.blockBytes = blockBytes(*calls.device, *lender.model->program);
  const Driver &driver = *calls.device->driver;
  lap_status status = check(driver, driver.streamCreate(&calls.stream, StreamNonBlocking), "cuStreamCreate",
                            "opening a session", LAP_DEVICE_FAILED, error);
  return status == LAP_OK ? openBlocks(calls, error) : status;
}

void closeCalls(lap_session &lender) {
  if (!lender.calls) {
    return;
  }
  DeviceCalls &calls = *lender.calls;
  const Driver &driver = *calls.device->driver;
  calls.graphs.close(driver);
  for (PinnedBlock &block : calls.pinned) {
    if (block.copied) {
      driver.eventDestroy(block.copied);
    }
    if (block.memory) {
      driver.releaseHost(block.memory);
    }
  }
  if (calls.block) {
    driver.release(calls.block);
  }
  if (calls.stream) {
    driver.streamDestroy(calls.stream);
  }
  calls.~DeviceCalls();
  free(&calls);
  lender.calls = nullptr;
}

PinnedBlock &stage(DeviceCalls &calls, const lap_session &session, Call &call, bool captured) {
  PinnedBlock &block = nextBlock(calls, captured);
  const Tables &tables = *call.tables;
  const BlockLayout layout = blockLayout(tables, call.tokens);
  memcpy(block.memory + layout.ids, call.ids, call.tokens * sizeof(int32_t));
  writePlaces(session, call, reinterpret_cast<lap_row_place *>(block.memory + layout.places));
  call.idBlock = calls.block + layout.ids;
  call.placeBlock = calls.block + layout.places;
  for (uint32_t i = 0; i < tables.count; ++i) {
    gather(*session.model, *tables.ops[i], call, block.memory + layout.tables[i]);
    call.tableBlock[i] = calls.block + layout.tables[i];
  }
  return block;
}

void upload(const Call &call, const PinnedBlock &block) {
  DeviceCalls &calls = *call.calls;
  const uint64_t bytes = blockLayout(*call.tables, call.tokens).bytes;
  calls.note(calls.device->driver->copyInAsync(calls.block, block.memory, bytes, calls.stream), "cuMemcpyHtoDAsync",
             "copying a call's ids");
}

void fetch(DeviceCalls &calls, void *to, Address from, uint64_t bytes, const char *purpose) {
  if (!calls.failed()) {
    calls.note(calls.device->driver->copyOutAsync(to, from, bytes, calls.stream), "cuMemcpyDtoHAsync", purpose);
  }
  wait(calls);
}

void wait(DeviceCalls &calls) {
  calls.note(calls.device->driver->streamWait(calls.stream), "cuStreamSynchronize", "computing");
  calls.pinned[0].busy = calls.pinned[1].busy = false;
}

} // namespace cuda
} // namespace lap
