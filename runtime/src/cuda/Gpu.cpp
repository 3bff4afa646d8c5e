//===- Gpu.cpp - opening a GPU for a model ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Gpu.h. From cheap to dear: driver, GPU, capability, memory; then code, then weights.
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Gpu.h"
#include "runtime/src/Error.h"
#include "runtime/src/Model.h"

#include <stdlib.h>

namespace lap::cuda {

namespace {

typedef unsigned long long ull;

/// What the driver answered to a question about the GPU.
lap_status answered(const Device &device, Result result, const char *function, lap_error *error) {
  return check(*device.driver, result, function, "asking what the GPU is", LAP_NO_DEVICE, error);
}

lap_status askCapability(Device &device, lap_error *error) {
  const Driver &driver = *device.driver;
  int major = 0, minor = 0;
  Result result = driver.deviceAttribute(&major, AttributeMajor, device.ordinal);
  if (result == Success) {
    result = driver.deviceAttribute(&minor, AttributeMinor, device.ordinal);
  }
  device.capability = static_cast<uint32_t>(10 * major + minor);
  return answered(device, result, "cuDeviceGetAttribute", error);
}

lap_status chooseGpu(Device &device, lap_error *error) {
  const Driver &driver = *device.driver;
  int count = 0;
  lap_status status = answered(device, driver.deviceCount(&count), "cuDeviceGetCount", error);
  if (status == LAP_OK && count == 0) {
    return fail(error, LAP_NO_DEVICE,
                "this program runs on an NVIDIA GPU, and the driver shows none; check nvidia-smi and "
                "CUDA_VISIBLE_DEVICES, or compile the model for a CPU (--target=native)");
  }
  if (status == LAP_OK) {
    status = answered(device, driver.deviceGet(&device.ordinal, 0), "cuDeviceGet", error);
  }
  if (status == LAP_OK) {
    status =
        answered(device, driver.deviceName(device.name, sizeof(device.name), device.ordinal), "cuDeviceGetName", error);
  }
  return status == LAP_OK ? askCapability(device, error) : status;
}

lap_status findTables(Device &device, lap_error *error) {
  lap_program_fn *const functions[] = {lap_program_extend, lap_program_step, lap_program_score};
  Tables *const tables[] = {&device.extend, &device.step, &device.score};
  for (uint32_t i = 0; i < 3; ++i) {
    collectTables(functions[i], tables[i]);
    if (const uint32_t count = tables[i]->count; count > MaxTables) {
      return fail(error, LAP_BAD_FILE, "the program gathers rows of %u tables, expected at most %d; compile it again",
                  count, int(MaxTables));
    }
  }
  return LAP_OK;
}

lap_status openContext(Device &device, lap_error *error) {
  Context context = nullptr;
  lap_status status = check(*device.driver, device.driver->contextRetain(&context, device.ordinal),
                            "cuDevicePrimaryCtxRetain", "opening the GPU", LAP_NO_DEVICE, error);
  if (status == LAP_OK) {
    device.context = context;
    status = check(*device.driver, device.driver->contextSet(context), "cuCtxSetCurrent", "opening the GPU",
                   LAP_NO_DEVICE, error);
  }
  return status;
}

lap_status bringWeights(Device &device, const lap_model &model, lap_error *error) {
  const uint64_t bytes = model.program->resident_weight_bytes;
  lap_status status = check(*device.driver, device.driver->allocate(&device.weights, bytes ? bytes : 1), "cuMemAlloc",
                            "reserving memory for the weights", LAP_OUT_OF_MEMORY, error);
  return status == LAP_OK ? uploadWeights(device, model, error) : status;
}

} // namespace

void enter(const Device &device) { device.driver->contextSet(device.context); }

lap_status checkGpuMemory(const Device &device, uint64_t bytes, uint64_t weights, lap_error *error) {
  size_t free = 0, total = 0;
  lap_status status = check(*device.driver, device.driver->memoryInfo(&free, &total), "cuMemGetInfo",
                            "asking for the GPU's free memory", LAP_DEVICE_FAILED, error);
  if (status != LAP_OK || bytes <= free) {
    return status;
  }
  return fail(error, LAP_OUT_OF_MEMORY,
              "not enough memory on the GPU (%s): %llu bytes needed (%llu weights, %llu caches and scratch), %llu of "
              "%llu free; end what else uses the GPU, or compile with a smaller --context or a smaller --quant",
              device.name, ull(bytes), ull(weights), ull(bytes - weights), ull(free), ull(total));
}

lap_status openGpu(const lap_model &model, uint64_t bytes, Device *out, lap_error *error) {
  Device &device = *out;
  device.driver = openDriver(error);
  lap_status status = device.driver ? chooseGpu(device, error) : LAP_NO_DEVICE;
  if (status == LAP_OK) {
    status = checkCapability(device, error);
  }
  if (status == LAP_OK) {
    status = findTables(device, error);
  }
  if (status == LAP_OK) {
    status = openContext(device, error);
  }
  const uint64_t weights = model.program->resident_weight_bytes;
  if (status == LAP_OK) {
    status = checkGpuMemory(device, weights + bytes, weights, error);
  }
  if (status == LAP_OK) {
    status = loadModule(device, error);
  }
  return status == LAP_OK ? bringWeights(device, model, error) : status;
}

void closeGpu(Device &device) {
  if (!device.context) {
    return;
  }
  enter(device);
  if (device.weights) {
    device.driver->release(device.weights);
  }
  if (device.module) {
    device.driver->moduleUnload(device.module);
  }
  free(device.functions);
  device.driver->contextRelease(device.ordinal);
}

} // namespace lap::cuda
