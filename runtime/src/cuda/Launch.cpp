//===- Launch.cpp - what the drivers are written with ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Launch.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Launch.h"
#include "runtime/src/Profile.h"

namespace lap::cuda {

lap_kernel *formFor(const lap_step *step, lap_kernel *kernel, uint32_t rows) {
  const lap_gpu_kernel &entry = *reinterpret_cast<const lap_gpu_kernel *>(kernel);
  const DeviceCalls *calls = callOf(step).calls;
  if (!entry.exact_form || !calls || !calls->device->exact || rows <= entry.tile[1]) {
    return kernel;
  }
  return reinterpret_cast<lap_kernel *>(const_cast<lap_gpu_kernel *>(entry.exact_form));
}

namespace {

/// Behind another kernel of the call, the kernel may begin before that one ends: it waits by itself (LAP_GPU_WAITS).
/// Not behind a copy, which nothing would wait for.
bool start(DeviceCalls &calls, const lap_gpu_kernel &kernel, Grid grid, void **parameters) {
  const Device &device = *calls.device;
  const Function function = device.functions[kernel.index];
  if (device.overlaps && calls.afterKernel) {
    LaunchAttribute attribute = {.id = ProgrammaticStreamSerialization, .value = 1};
    const LaunchConfig config = {grid.x,       grid.y,     grid.z, kernel.threads, 1, 1, kernel.shared_bytes,
                                 calls.stream, &attribute, 1};
    return calls.note(device.driver->launchEx(&config, function, parameters, nullptr), "cuLaunchKernelEx", kernel.name);
  }
  return calls.note(device.driver->launch(function, grid.x, grid.y, grid.z, kernel.threads, 1, 1, kernel.shared_bytes,
                                          calls.stream, parameters, nullptr),
                    "cuLaunchKernel", kernel.name);
}

} // namespace

void enqueue(const lap_step *step, lap_kernel *kernel, Grid grid, void **parameters) {
  DeviceCalls *calls = callOf(step).calls;
  if (!calls || calls->failed()) {
    return;
  }
  const lap_gpu_kernel &entry = *reinterpret_cast<const lap_gpu_kernel *>(kernel);
  OpTimer timer(step, 0, entry.name); // then every kernel is waited for: its time is that of the op
  calls->afterKernel = start(*calls, entry, grid, parameters);
  if (timer.isOn()) {
    wait(*calls);
  }
}

void zeroPadding(const lap_step *step, const lap_buffer &buffer, uint32_t from) {
  DeviceCalls *calls = callOf(step).calls;
  if (!calls || from >= buffer.columns) {
    return;
  }
  const uint32_t rows = rowsOf(step, buffer);
  for (uint32_t row = 0; row < rows && !calls->failed(); ++row) {
    const Address to = addressOf(step, buffer) + uint64_t(row) * buffer.row_bytes + from * sizeof(float);
    calls->note(calls->device->driver->fillAsync(to, 0, (buffer.columns - from) * sizeof(float), calls->stream),
                "cuMemsetD8Async", "clearing padding");
  }
}

void copy(const lap_step *step, Address to, Address from, uint64_t bytes) {
  DeviceCalls *calls = callOf(step).calls;
  if (calls && !calls->failed()) {
    calls->note(calls->device->driver->copyInsideAsync(to, from, bytes, calls->stream), "cuMemcpyDtoDAsync",
                "copying a row");
  }
}

} // namespace lap::cuda
