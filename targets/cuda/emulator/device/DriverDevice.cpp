//===- DriverDevice.cpp - devices, contexts and error texts ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Attributes are those of a small GPU of the capability asked for (CUDA C++ Programming Guide, "Compute Capabilities").
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Device.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lapidary::cuda::emulator {

namespace {

constexpr uint64_t defaultMemory = 8ull << 30;
constexpr uint64_t leastMemory = 1 << 20, mostMemory = 1ull << 40;

uint64_t environmentNumber(const char *name, uint64_t fallback, uint64_t least, uint64_t most) {
  const char *text = std::getenv(name);
  if (!text || !*text) {
    return fallback;
  }
  char *end = nullptr;
  const uint64_t value = std::strtoull(text, &end, 10);
  if (*end || value < least || value > most) {
    std::fprintf(stderr, "cuda emulator: %s is '%s', expected a number from %llu to %llu\n", name, text,
                 static_cast<unsigned long long>(least), static_cast<unsigned long long>(most));
    std::exit(2);
  }
  return value;
}

struct SharedLimits {
  int perBlock, perMultiprocessor;
};

SharedLimits sharedLimits(uint32_t capability) {
  switch (capability) {
  case 86:
  case 89:
  case 120:
    return {99 << 10, 100 << 10};
  case 80:
  case 87:
    return {163 << 10, 164 << 10};
  default:
    return capability < 80 ? SharedLimits{64 << 10, 64 << 10} : SharedLimits{227 << 10, 228 << 10};
  }
}

struct Attribute {
  int number, value;
};
/// Those that do not depend on the capability; numbers are CUdevice_attribute.
constexpr Attribute attributes[] = {
    {1, 1024},       // threads of a block
    {2, 1024},       // block x
    {3, 1024},       // block y
    {4, 64},         // block z
    {5, 2147483647}, // grid x
    {6, 65535},      // grid y
    {7, 65535},      // grid z
    {8, 48 << 10},   // shared memory of a block, unless more is asked for
    {9, 64 << 10},   // constant memory
    {10, 32},        // lanes of a warp
    {12, 65536},     // registers of a block
    {13, 1000000},   // kHz
    {16, 4},         // multiprocessors
    {18, 0},         // integrated
    {19, 1},         // maps host memory
    {36, 1000000},   // kHz of the memory
    {37, 128},       // bits of its bus
    {38, 4 << 20},   // bytes of the second-level cache
    {39, 2048},      // threads of a multiprocessor
    {40, 2},         // engines that copy
    {41, 1},         // unified addresses
    {82, 65536},     // registers of a multiprocessor
    {106, 32},       // blocks of a multiprocessor
};

struct ErrorText {
  CUresult error;
  const char *name, *text;
};
#define ERROR_TEXT(NAME, TEXT) {CUDA_##NAME, "CUDA_" #NAME, TEXT}
constexpr ErrorText errors[] = {
    ERROR_TEXT(SUCCESS, "no error"),
    ERROR_TEXT(ERROR_INVALID_VALUE, "invalid argument"),
    ERROR_TEXT(ERROR_OUT_OF_MEMORY, "out of memory"),
    ERROR_TEXT(ERROR_NOT_INITIALIZED, "initialization error"),
    ERROR_TEXT(ERROR_INVALID_DEVICE, "invalid device ordinal"),
    ERROR_TEXT(ERROR_INVALID_IMAGE, "device kernel image is invalid"),
    ERROR_TEXT(ERROR_INVALID_CONTEXT, "invalid device context"),
    ERROR_TEXT(ERROR_FILE_NOT_FOUND, "file not found"),
    ERROR_TEXT(ERROR_INVALID_HANDLE, "invalid resource handle"),
    ERROR_TEXT(ERROR_ILLEGAL_STATE, "the operation cannot be performed in the present state"),
    ERROR_TEXT(ERROR_NOT_FOUND, "named symbol not found"),
    ERROR_TEXT(ERROR_NOT_READY, "device not ready"),
    ERROR_TEXT(ERROR_ILLEGAL_ADDRESS, "an illegal memory access was encountered"),
    ERROR_TEXT(ERROR_LAUNCH_FAILED, "unspecified launch failure"),
    ERROR_TEXT(ERROR_NOT_SUPPORTED, "operation not supported"),
    ERROR_TEXT(ERROR_STREAM_CAPTURE_UNSUPPORTED, "operation not permitted when stream is capturing"),
};
#undef ERROR_TEXT

const ErrorText *findError(CUresult error) {
  auto found = std::find_if(std::begin(errors), std::end(errors), [&](const ErrorText &e) { return e.error == error; });
  return found == std::end(errors) ? nullptr : found;
}

/// The device has no state that a handle could name.
CUcontext theContext() { return reinterpret_cast<CUcontext>(&theDevice()); }

thread_local CUcontext currentContext = nullptr;

} // namespace

Device::Device()
    : capability(uint32_t(environmentNumber("LAPIDARY_EMULATED_CAPABILITY", 90, 50, 999))),
      memory(environmentNumber("LAPIDARY_EMULATED_MEMORY", defaultMemory, leastMemory, mostMemory)), block(memory) {
  deviceBlock = &block;
}

Block *deviceBlock = nullptr;

Device &theDevice() {
  static Device &device = *new Device;
  return device;
}

CUresult deviceState() { return theDevice().initialized ? theDevice().failure : CUDA_ERROR_NOT_INITIALIZED; }

} // namespace lapidary::cuda::emulator

using namespace lapidary::cuda::emulator;

CUresult cuInit(unsigned flags) {
  theDevice().initialized = true;
  return flags == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDriverGetVersion(int *version) {
  *version = 12090;
  return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult error, const char **name) {
  const ErrorText *found = findError(error);
  *name = found ? found->name : nullptr;
  return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult error, const char **text) {
  const ErrorText *found = findError(error);
  *text = found ? found->text : nullptr;
  return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDeviceGetCount(int *count) {
  *count = 1;
  return theDevice().initialized ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  *device = 0;
  return ordinal == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceGetName(char *name, int bytes, CUdevice device) {
  std::snprintf(name, size_t(std::max(bytes, 0)), "Lapidary emulated GPU (sm_%u)", theDevice().capability);
  return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device) {
  if (device != 0) {
    return CUDA_ERROR_INVALID_DEVICE;
  }
  const uint32_t capability = theDevice().capability;
  switch (attribute) {
  case 75:
    *value = int(capability / 10);
    return CUDA_SUCCESS;
  case 76:
    *value = int(capability % 10);
    return CUDA_SUCCESS;
  case 81:
    *value = sharedLimits(capability).perMultiprocessor;
    return CUDA_SUCCESS;
  case 97:
    *value = sharedLimits(capability).perBlock;
    return CUDA_SUCCESS;
  default:
    break;
  }
  auto found = std::find_if(std::begin(attributes), std::end(attributes),
                            [&](const Attribute &a) { return a.number == attribute; });
  if (found == std::end(attributes)) {
    std::fprintf(stderr, "cuda emulator: cuDeviceGetAttribute: attribute %d is not emulated\n", attribute);
    return CUDA_ERROR_INVALID_VALUE;
  }
  *value = found->value;
  return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  *bytes = theDevice().memory.total();
  return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  if (device != 0) {
    return CUDA_ERROR_INVALID_DEVICE;
  }
  *context = theContext();
  return theDevice().initialized ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  if (std::getenv("LAPIDARY_EMULATED_SUMMARY")) {
    std::fprintf(stderr, "cuda emulator: %llu launches, %llu of which might overlap earlier ones\n",
                 static_cast<unsigned long long>(theDevice().launches),
                 static_cast<unsigned long long>(theDevice().overlapping));
  }
  return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuCtxSetCurrent(CUcontext context) {
  if (context && context != theContext()) {
    return CUDA_ERROR_INVALID_CONTEXT;
  }
  currentContext = context;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext *context) {
  *context = currentContext;
  return CUDA_SUCCESS;
}

CUresult cuCtxSynchronize() { return deviceState(); }
