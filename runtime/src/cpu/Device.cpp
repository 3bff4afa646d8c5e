//===- Device.cpp - the CPU: memory of the process, lanes in lockstep ------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Device.h. One anonymous mapping holds both parts of a session's memory; the kernel hands out zeroed pages as they
// are touched, so an unused part of the context costs nothing.
//===----------------------------------------------------------------------===//
#include "runtime/src/Device.h"
#include "runtime/src/Error.h"
#include "runtime/src/Session.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

namespace lap {

namespace {

struct Call {
  lap_program_fn *function;
  const lap_step *step;
};

void runLane(void *context, uint32_t lane, uint32_t lanes) {
  const Call &call = *static_cast<const Call *>(context);
  call.function(call.step, lane, lanes);
}

} // namespace

bool deviceIsSeparate() { return false; }
uint32_t lanesOf(uint32_t threads) { return threads; }
void sizeDeviceRows(const lap_program &, uint32_t, bool, SessionSize &) {}
uint64_t processBytes(const MemoryPlan &plan) { return plan.total; }

lap_status openMemory(lap_session &session, uint32_t lanes, lap_error *error) {
  const uint64_t bytes = session.plan.total;
  lap_status status = checkMemory(bytes, "caches and scratch", error);
  if (status == LAP_OK && lanes != 0) {                                 // stacks are address space; their pages are few
    uint64_t stacks = uint64_t(lanes - 1) * (WorkerStackBytes + 65536); // guard page, thread data
    status = checkAddressSpace(bytes + stacks, "caches, scratch and thread stacks", error);
  }
  if (status != LAP_OK) {
    return status;
  }
  void *block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) {
    return fail(error, LAP_OUT_OF_MEMORY, "cannot reserve %llu bytes for caches and scratch: %s",
                static_cast<unsigned long long>(bytes), strerror(errno));
  }
  session.memory.device = static_cast<uint8_t *>(block);
  session.memory.host = session.memory.device + session.plan.deviceBytes;
  return LAP_OK;
}

void closeMemory(lap_session &session) {
  if (session.memory.device) {
    munmap(session.memory.device, session.plan.total);
  }
}

void closeDevice(lap_model &) {}

lap_status runCall(lap_session &session, lap_program_fn *function, lap_step &step, Logits, lap_error *) {
  lap_session &lender = *session.lender;
  step.weights = lender.model->map.weights;
  Call call{function, &step};
  lender.team.run(runLane, &call);
  return LAP_OK;
}

lap_status fetchRow(lap_session &, size_t, lap_error *) { return LAP_OK; }

lap_status drawToken(lap_session &session, const lap_sampling &sampling, const uint64_t *allowed, int32_t *out_id,
                     lap_error *) {
  *out_id = session.sampler.sample(logitRow(*session.rows.owner, lastRow(session)), sampling, allowed);
  return LAP_OK;
}

void copyInside(lap_session &, uint8_t *to, const uint8_t *from, uint64_t bytes) { memcpy(to, from, bytes); }

lap_status settle(const lap_session &, lap_error *) { return LAP_OK; }

lap_status copyOut(const lap_session &, void *to, const uint8_t *from, uint64_t bytes, lap_error *) {
  memcpy(to, from, bytes);
  return LAP_OK;
}

lap_status copyIn(const lap_session &, uint8_t *to, const void *from, uint64_t bytes, lap_error *) {
  memcpy(to, from, bytes);
  return LAP_OK;
}

} // namespace lap
