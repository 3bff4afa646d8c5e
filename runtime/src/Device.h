//===- Device.h - where a session's memory is, and who computes ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The seam between sessions and the machine that runs the program functions. One implementation is linked:
//
//   runtime/src/cpu/Device.cpp    memory of the process, mapped weights, lanes in lockstep; copies are memcpy
//   runtime/src/cuda/Device.cpp   a GPU: weights, caches and scratch are copied to its memory, one lane enqueues
//   kernels
//
// A session's memory has two parts (MemoryPlan): what the program functions compute with is the device's, what the
// runtime reads itself (ids, logits, the sampler's scratch) is the host's. Addresses of the device's part are used
// only by the program functions and by the copies below.
//
// A row of logits is a megabyte, of which sampling looks at a few dozen. So a device with memory of its own may keep
// the rows of a call (Logits::MayStay) and draw tokens from what it finds in them; whoever wants whole rows has them
// copied.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_DEVICE_H
#define LAPIDARY_RUNTIME_DEVICE_H

#include "lapidary/ProgramAbi.h"
#include "lapidary/lapidary.h"

namespace lap {

struct MemoryPlan;
struct SessionSize;
struct Device;      // what a model needs there, made by its first session; null on a CPU
struct DeviceCalls; // what the calls of a group of sessions need; null on a CPU

/// Where the caller of runCall needs the logits.
enum class Logits { OnHost, MayStay };

/// Both are zeroed when reserved.
struct SessionMemory {
  uint8_t *device = nullptr; // plan.deviceBytes
  uint8_t *host = nullptr;   // plan.hostBytes
};

/// True when the device has memory of its own: calls write logits there, and one lane runs them.
bool deviceIsSeparate();

/// Lanes of a call when `threads` were asked for.
uint32_t lanesOf(uint32_t threads);

/// Adds what rows of logits and drawing from them take where a device has memory of its own: calls of the session,
/// whose lanes are set in `size`, write up to `rows` rows, to the lender's memory if they are `lent`.
void sizeDeviceRows(const lap_program &program, uint32_t rows, bool lent, SessionSize &size);

/// Bytes of this process's memory among those of a plan.
uint64_t processBytes(const MemoryPlan &plan);

/// Reserves session.memory by session.plan; model and lender are set. `lanes` is 0 for a session that borrows them.
/// The first session of a model opens the device and uploads the weights; everything is checked before a weight is
/// read. Errors: LAP_OUT_OF_MEMORY, LAP_NO_DEVICE, LAP_DEVICE_FAILED, LAP_IO_ERROR, LAP_BAD_FILE.
lap_status openMemory(lap_session &session, uint32_t lanes, lap_error *error);
/// Gives it back; after a failed openMemory, too.
void closeMemory(lap_session &session);
/// What is left of the model on the device, when its sessions are gone.
void closeDevice(lap_model &model);

/// Runs one call of the program for a session (or, with places, for sessions of its group) and waits for the logits.
/// The step lacks its weights; logits is where the host wants them, or will (then step.logits is the session's first
/// row). Errors: LAP_DEVICE_FAILED, also for an earlier call whose end nobody waited for; the sequence's caches are
/// then undefined.
lap_status runCall(lap_session &session, lap_program_fn *function, lap_step &step, Logits where, lap_error *error);

/// Makes sure that row `row` of the session's memory for logits is on the host. Errors: LAP_DEVICE_FAILED.
lap_status fetchRow(lap_session &session, size_t row, lap_error *error);

/// The id that session.sampler.sample draws from the last row of session.rows. Errors: LAP_DEVICE_FAILED.
lap_status drawToken(lap_session &session, const lap_sampling &sampling, const uint64_t *allowed, int32_t *out_id,
                     lap_error *error);

/// Copies between device addresses, in order with the calls of the session's group; failures show in settle.
void copyInside(lap_session &session, uint8_t *to, const uint8_t *from, uint64_t bytes);
/// Waits until all calls and copies of the session's group are done. Errors: LAP_DEVICE_FAILED.
lap_status settle(const lap_session &session, lap_error *error);

/// Copies from and to the device, which are done on return. Errors: LAP_DEVICE_FAILED.
lap_status copyOut(const lap_session &session, void *to, const uint8_t *from, uint64_t bytes, lap_error *error);
lap_status copyIn(const lap_session &session, uint8_t *to, const void *from, uint64_t bytes, lap_error *error);

} // namespace lap

#endif // LAPIDARY_RUNTIME_DEVICE_H
