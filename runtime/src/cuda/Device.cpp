//===- Device.cpp - a GPU: memory, copies, calls ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Device.h. The device's part of a session's memory is the GPU's; the host's part is pinned, so that logits arrive
// at the speed of the bus, unless it is large (many rows to score).
//===----------------------------------------------------------------------===//
#include "runtime/src/Device.h"
#include "runtime/src/Error.h"
#include "runtime/src/Session.h"
#include "runtime/src/cuda/Draws.h"

#include <errno.h>
#include <new>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

namespace lap {

using namespace cuda;

namespace {

constexpr uint64_t MostPinned = 64 << 20; // bytes of a session's host memory

pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

lap_status openDevice(lap_model &model, uint64_t bytes, lap_error *error) {
  void *memory = malloc(sizeof(Device));
  if (!memory) {
    return failMemory(sizeof(Device), "the GPU's description", error);
  }
  Device *device = new (memory) Device;
  lap_status status = openGpu(model, bytes, device, error);
  if (status == LAP_OK) {
    model.device = device;
    return LAP_OK;
  }
  closeGpu(*device);
  free(device);
  return status;
}

/// The model's device, opened if this is its first session; either way there is room for the session.
lap_status findDevice(lap_session &session, bool lends, lap_error *error) {
  lap_model &model = *session.model;
  pthread_mutex_lock(&opening);
  if (!model.device) {
    lap_status status = openDevice(model, session.plan.deviceBytes, error);
    pthread_mutex_unlock(&opening);
    return status;
  }
  pthread_mutex_unlock(&opening);
  enter(*model.device);
  const uint64_t block = lends ? blockBytes(*model.device, *model.program) : 0;
  return checkGpuMemory(*model.device, session.plan.deviceBytes + block, 0, error);
}

lap_status reserveHost(lap_session &session, lap_error *error) {
  const uint64_t bytes = session.plan.hostBytes;
  lap_status status = checkMemory(bytes, "logits and ids", error);
  void *memory = nullptr;
  if (status == LAP_OK && bytes <= MostPinned) {
    const Driver &driver = *session.model->device->driver;
    status = check(driver, driver.allocateHost(&memory, bytes, 0), "cuMemHostAlloc",
                   "reserving pinned memory for logits and ids", LAP_OUT_OF_MEMORY, error);
    if (status == LAP_OK) {
      memset(memory, 0, bytes);
    }
  } else if (status == LAP_OK) {
    memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      return fail(error, LAP_OUT_OF_MEMORY, "cannot reserve %llu bytes for logits and ids: %s",
                  static_cast<unsigned long long>(bytes), strerror(errno));
    }
  }
  session.memory.host = static_cast<uint8_t *>(memory);
  return status;
}

lap_status reserveDevice(lap_session &session, lap_error *error) {
  const Driver &driver = *session.model->device->driver;
  DeviceCalls &calls = *session.lender->calls;
  Address address = 0;
  lap_status status = check(driver, driver.allocate(&address, session.plan.deviceBytes), "cuMemAlloc",
                            "reserving memory for caches and scratch", LAP_OUT_OF_MEMORY, error);
  if (status != LAP_OK) {
    return status;
  }
  session.memory.device = reinterpret_cast<uint8_t *>(address);
  calls.note(driver.fillAsync(address, 0, session.plan.deviceBytes, calls.stream), "cuMemsetD8Async",
             "clearing the caches");
  return settle(session, error);
}

/// The call as the drivers get it, not staged yet.
Call callOf(lap_session &session, lap_program_fn *function, const lap_step &step, Logits where) {
  Call call = {};
  static_cast<lap_step &>(call) = step;
  call.calls = session.lender->calls;
  call.tables = &call.calls->device->tablesOf(function);
  call.weights = reinterpret_cast<const uint8_t *>(call.calls->device->weights);
  if (step.logits) {
    const uint32_t rows = function == lap_program_step ? 1 : step.tokens;
    const Rows all = logitRows(session, rows);
    call.logits = reinterpret_cast<float *>(all.logits);
    call.rows = where == Logits::MayStay ? all : Rows{};
  }
  return call;
}

/// Enqueues what the call computes.
void compute(lap_program_fn *function, const Call &call) {
  function(&call, 0, 1);
  if (call.rows.count != 0) {
    search(call, call.rows, 0);
  }
}

void enqueueCall(lap_program_fn *function, const Call &call, PinnedBlock &block) {
  DeviceCalls &calls = *call.calls;
  upload(call, block);
  block.busy = calls.note(calls.device->driver->eventRecord(block.copied, calls.stream), "cuEventRecord", "computing");
  compute(function, call);
}

/// A graph of the call; null if something failed (noted) or if calls cannot be captured (then no more is tried).
GraphExec capture(lap_program_fn *function, const Call &call, const PinnedBlock &block) {
  DeviceCalls &calls = *call.calls;
  const Driver &driver = *calls.device->driver;
  Graph graph = nullptr;
  GraphExec result = nullptr;
  bool good = driver.captureBegin(calls.stream, CaptureThreadLocal) == Success;
  if (good) {
    upload(call, block);
    compute(function, call);
    good = driver.captureEnd(calls.stream, &graph) == Success && graph && !calls.failed() &&
           driver.graphInstantiate(&result, graph, 0) == Success;
  }
  if (graph) {
    driver.graphDestroy(graph);
  }
  if (!good) {
    calls.graphs.close(driver);
    return nullptr;
  }
  return result;
}

/// Launches the call's graph, which the second call of its kind captures.
void replay(lap_program_fn *function, const Call &call, PinnedBlock &block) {
  DeviceCalls &calls = *call.calls;
  const GraphKey key = {function, call.logits, call.tokens, call.reach, call.rows.count != 0};
  GraphExec graph = calls.graphs.find(key);
  if (!graph && calls.graphs.hasRun(*calls.device->driver, key)) {
    graph = capture(function, call, block);
    if (graph) {
      calls.graphs.add(*calls.device->driver, key, graph);
    }
  }
  if (graph) {
    calls.note(calls.device->driver->graphLaunch(graph, calls.stream), "cuGraphLaunch", "computing");
  } else if (!calls.failed()) {
    enqueueCall(function, call, block);
  }
}

} // namespace

void cuda::collectTables(lap_program_fn *function, Tables *out) {
  Call call = {};
  call.tokens = call.reach = 1;
  call.collected = out;
  function(&call, 0, 1);
}

bool deviceIsSeparate() { return true; }
uint32_t lanesOf(uint32_t) { return 1; }
uint64_t processBytes(const MemoryPlan &plan) { return plan.hostBytes; }

lap_status openMemory(lap_session &session, uint32_t lanes, lap_error *error) {
  lap_status status = findDevice(session, lanes != 0, error);
  if (status == LAP_OK && lanes != 0) {
    status = openCalls(session, error);
  }
  if (status == LAP_OK) {
    status = reserveHost(session, error);
  }
  return status == LAP_OK ? reserveDevice(session, error) : status;
}

void closeMemory(lap_session &session) {
  if (!session.model->device) {
    return;
  }
  const Driver &driver = *session.model->device->driver;
  enter(*session.model->device);
  forgetRows(session);
  if (session.lender->calls) {
    driver.streamWait(session.lender->calls->stream);
  }
  closeCalls(session);
  if (session.memory.device) {
    driver.release(reinterpret_cast<Address>(session.memory.device));
  }
  if (session.memory.host && session.plan.hostBytes <= MostPinned) {
    driver.releaseHost(session.memory.host);
  } else if (session.memory.host) {
    munmap(session.memory.host, session.plan.hostBytes);
  }
}

void closeDevice(lap_model &model) {
  if (model.device) {
    closeGpu(*model.device);
    free(model.device);
    model.device = nullptr;
  }
}

lap_status runCall(lap_session &session, lap_program_fn *function, lap_step &step, Logits where, lap_error *error) {
  DeviceCalls &calls = *session.lender->calls;
  const lap_program &program = *session.model->program;
  enter(*calls.device);
  lap_status status = step.logits ? makeRoom(session, error) : LAP_OK;
  if (status != LAP_OK) {
    return status;
  }
  Call call = callOf(session, function, step, where);
  const bool profiled = step.barrier->lanes[0].profile != nullptr; // waits for each kernel
  const bool captured =
      calls.graphs.enabled() && !profiled && isCaptured(function, step.tokens, step.places != nullptr);
  PinnedBlock &block = stage(calls, session, call, captured);
  if (captured) {
    call.reach = capturedReach(call.reach, program.context);
  }
  (captured ? replay : enqueueCall)(function, call, block);
  if (call.rows.count != 0) {
    fetchFound(session, call.rows);
  } else if (step.logits) {
    const uint64_t rows = function == lap_program_step ? 1 : step.tokens;
    fetch(calls, step.logits, reinterpret_cast<Address>(call.logits), rows * program.vocab_padded * sizeof(float),
          "copying the logits");
  }
  status = calls.report(error);
  if (status == LAP_OK && step.logits) {
    keepRows(session, call.rows.count);
  }
  return status;
}

void copyInside(lap_session &session, uint8_t *to, const uint8_t *from, uint64_t bytes) {
  DeviceCalls &calls = *session.lender->calls;
  enter(*calls.device);
  if (!calls.failed()) {
    calls.note(calls.device->driver->copyInsideAsync(reinterpret_cast<Address>(to), reinterpret_cast<Address>(from),
                                                     bytes, calls.stream),
               "cuMemcpyDtoDAsync", "copying caches");
  }
}

lap_status settle(const lap_session &session, lap_error *error) {
  DeviceCalls &calls = *session.lender->calls;
  enter(*calls.device);
  wait(calls);
  return calls.report(error);
}

lap_status copyOut(const lap_session &session, void *to, const uint8_t *from, uint64_t bytes, lap_error *error) {
  DeviceCalls &calls = *session.lender->calls;
  enter(*calls.device);
  calls.note(calls.device->driver->copyOutAsync(to, reinterpret_cast<Address>(from), bytes, calls.stream),
             "cuMemcpyDtoHAsync", "copying caches");
  return settle(session, error);
}

lap_status copyIn(const lap_session &session, uint8_t *to, const void *from, uint64_t bytes, lap_error *error) {
  DeviceCalls &calls = *session.lender->calls;
  enter(*calls.device);
  calls.note(calls.device->driver->copyInAsync(reinterpret_cast<Address>(to), from, bytes, calls.stream),
             "cuMemcpyHtoDAsync", "copying caches");
  return settle(session, error);
}

} // namespace lap
