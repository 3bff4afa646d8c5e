//===- Driver.cpp - libcuda, opened when a GPU is needed -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Driver.h. The library stays open: closing libcuda is not safe once it has started threads.
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Driver.h"
#include "runtime/src/Error.h"

#include <dlfcn.h>
#include <pthread.h>

namespace lap::cuda {

namespace {

constexpr const char *Library = "libcuda.so.1";
constexpr const char *Otherwise = "or compile the model for a CPU (--target=native)";

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
Driver theDriver = {};
bool ready = false;

struct Symbol {
  const char *name;
  void **place;
  bool optional;
};

/// Fills in all functions; what is missing decides between "old driver" and "not the driver".
lap_status findSymbols(void *library, lap_error *error) {
  const Symbol symbols[] = {
#define LAP_CUDA_FUNCTION(member, symbol, parameters) {#symbol, reinterpret_cast<void **>(&theDriver.member), false},
#define LAP_CUDA_OPTIONAL(member, symbol, parameters) {#symbol, reinterpret_cast<void **>(&theDriver.member), true},
#include "runtime/src/cuda/DriverFunctions.def"
#undef LAP_CUDA_FUNCTION
  };
  for (const Symbol &symbol : symbols) {
    *symbol.place = dlsym(library, symbol.name);
    if (!*symbol.place && !symbol.optional) {
      return fail(error, LAP_NO_DEVICE,
                  "the NVIDIA driver is too old: its %s has no %s, which came with CUDA 11.4 (driver 470); install a "
                  "newer driver, %s",
                  Library, symbol.name, Otherwise);
    }
  }
  return LAP_OK;
}

lap_status open(lap_error *error) {
  void *library = dlopen(Library, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    return fail(error, LAP_NO_DEVICE,
                "this program runs on an NVIDIA GPU, and the driver's library cannot be opened: %s; install the NVIDIA "
                "driver, %s",
                reason ? reason : Library, Otherwise);
  }
  lap_status status = findSymbols(library, error);
  if (status != LAP_OK) {
    dlclose(library);
    return status;
  }
  const Result result = theDriver.init(0);
  if (result == NoDevice) {
    return fail(error, LAP_NO_DEVICE,
                "this program runs on an NVIDIA GPU, and the driver found none (cuInit: %s); check nvidia-smi and "
                "CUDA_VISIBLE_DEVICES, %s",
                describe(theDriver, result), Otherwise);
  }
  if (result != Success) {
    return fail(error, LAP_NO_DEVICE, "the NVIDIA driver does not start: cuInit: %s (%d); check nvidia-smi, %s",
                describe(theDriver, result), result, Otherwise);
  }
  return LAP_OK;
}

} // namespace

const Driver *openDriver(lap_error *error) {
  pthread_mutex_lock(&mutex);
  ready = ready || open(error) == LAP_OK;
  const bool good = ready;
  pthread_mutex_unlock(&mutex);
  return good ? &theDriver : nullptr;
}

const char *describe(const Driver &driver, Result result) {
  const char *text = nullptr;
  return driver.errorString(result, &text) == Success && text ? text : "an unknown error";
}

lap_status check(const Driver &driver, Result result, const char *function, const char *purpose, lap_status status,
                 lap_error *error) {
  if (result == Success) {
    return LAP_OK;
  }
  return fail(error, status, "%s: %s failed: %s (%d)", purpose, function, describe(driver, result), result);
}

} // namespace lap::cuda
