//===- Module.cpp - the program's kernels on a GPU -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A cubin runs on GPUs of its major capability, from its minor one on; PTX is compiled by the driver, on any GPU that
// is not older; exact images (sm_90a) are for one capability. The images that fit are tried in their order, so a driver
// that refuses one gets the next.
//===----------------------------------------------------------------------===//
#include "runtime/src/Error.h"
#include "runtime/src/MemoryPlan.h"
#include "runtime/src/cuda/Gpu.h"

#include <stdlib.h>
#include <string.h>

namespace lap::cuda {

namespace {

constexpr uint32_t StaticShared = 48 * 1024; // bytes that need not be asked for

bool fits(const lap_gpu_image &image, uint32_t capability) {
  if (image.flags & LAP_GPU_EXACT) {
    return image.capability == capability;
  }
  return image.capability <= capability && ((image.flags & LAP_GPU_PTX) || image.capability / 10 == capability / 10);
}

uint32_t oldest() {
  uint32_t capability = UINT32_MAX;
  for (uint32_t i = 0; i < lap_gpu_module_data.image_count; ++i) {
    const uint32_t other = lap_gpu_module_data.images[i].capability;
    capability = other < capability ? other : capability;
  }
  return capability;
}

/// What the driver's compiler complains about, on one line.
struct Log {
  char text[240] = "";

  Result load(const Driver &driver, Module *module, const void *image) {
    int options[] = {JitErrorLog, JitErrorLogBytes};
    void *values[] = {text, reinterpret_cast<void *>(sizeof(text))};
    const Result result = driver.moduleLoad(module, image, 2, options, values);
    text[sizeof(text) - 1] = 0;
    for (char *at = text; *at; ++at) {
      *at = *at == '\n' ? ' ' : *at;
    }
    return result;
  }
};

lap_status explain(const Device &device, Result result, const Log &log, lap_error *error) {
  int version = 0;
  device.driver->driverVersion(&version);
  return fail(error, LAP_NO_DEVICE,
              "the driver (CUDA %d.%d) does not take the program's kernels for %s, capability %u.%u: "
              "cuModuleLoadDataEx: %s (%d) %s; install a newer driver, or compile with --target=cuda-sm_%u",
              version / 1000, version % 1000 / 10, device.name, device.capability / 10, device.capability % 10,
              describe(*device.driver, result), result, log.text, device.capability);
}

/// Whether kernels may be launched before those in front of them have ended (programmatic dependent launch): what was
/// loaded waits by itself, and the driver knows how, in graphs, too. LAPIDARY_CUDA_PDL=0 in the environment: no.
bool mayOverlap(const Device &device, const lap_gpu_image &image) {
  constexpr int LeastVersion = 12030; // streams are captured with programmatic edges since CUDA 12.3
  const char *text = getenv("LAPIDARY_CUDA_PDL");
  int version = 0;
  return (image.flags & LAP_GPU_WAITS) && device.driver->launchEx && !(text && strcmp(text, "0") == 0) &&
         device.driver->driverVersion(&version) == Success && version >= LeastVersion;
}

lap_status findFunctions(Device &device, lap_error *error) {
  const lap_gpu_module &data = lap_gpu_module_data;
  const uint64_t bytes = (data.kernel_count + 1) * sizeof(Function);
  device.functions = static_cast<Function *>(calloc(1, bytes));
  if (!device.functions) {
    return failMemory(bytes, "the list of kernels", error);
  }
  const uint32_t here = data.kernel_count - (device.exact ? 0 : data.exact_count);
  for (uint32_t i = 0; i < here; ++i) {
    const lap_gpu_kernel &kernel = *data.kernels[i];
    Function &function = device.functions[i];
    lap_status status = check(*device.driver, device.driver->moduleFunction(&function, device.module, kernel.name),
                              "cuModuleGetFunction", kernel.name, LAP_BAD_FILE, error);
    if (status == LAP_OK && kernel.shared_bytes > StaticShared) {
      const int shared = static_cast<int>(kernel.shared_bytes);
      status = check(*device.driver, device.driver->functionSet(function, FunctionSharedBytes, shared),
                     "cuFuncSetAttribute", kernel.name, LAP_NO_DEVICE, error);
    }
    if (status != LAP_OK) {
      return status;
    }
  }
  return LAP_OK;
}

} // namespace

lap_status checkCapability(const Device &device, lap_error *error) {
  for (uint32_t i = 0; i < lap_gpu_module_data.image_count; ++i) {
    if (fits(lap_gpu_module_data.images[i], device.capability)) {
      return LAP_OK;
    }
  }
  const uint32_t least = oldest();
  return fail(error, LAP_NO_DEVICE,
              "the GPU (%s) has compute capability %u.%u, the program's kernels need %u.%u or newer; use a newer GPU, "
              "or compile the model for a CPU (--target=native)",
              device.name, device.capability / 10, device.capability % 10, least / 10, least % 10);
}

lap_status loadModule(Device &device, lap_error *error) {
  Result result = NoBinaryForGpu;
  Log log;
  for (uint32_t i = 0; i < lap_gpu_module_data.image_count; ++i) {
    const lap_gpu_image &image = lap_gpu_module_data.images[i];
    if (!fits(image, device.capability)) {
      continue;
    }
    result = log.load(*device.driver, &device.module, image.data);
    if (result == Success) {
      device.exact = image.flags & LAP_GPU_EXACT;
      device.overlaps = mayOverlap(device, image);
      return findFunctions(device, error);
    }
    device.module = nullptr;
  }
  return explain(device, result, log, error);
}

} // namespace lap::cuda
