//===- DriverMemory.cpp - allocations, copies and fills --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Ranges of device memory are checked when the operation runs: a graph may be launched after memory it uses was freed.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Device.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lapidary::cuda::emulator {

bool checkRange(const char *what, CUdeviceptr address, size_t bytes) {
  Memory &memory = theDevice().memory;
  if (memory.find(address, bytes)) {
    return true;
  }
  const bool endIsWrong = memory.find(address, 1) != nullptr;
  std::fprintf(stderr, "cuda emulator: %s: %zu bytes at 0x%llx are out of bounds: %s %s\n", what, bytes, address,
               endIsWrong ? "the start is" : "it is", memory.describe(address).c_str());
  return false;
}

namespace {

CUresult copyToDevice(CUdeviceptr to, const void *from, size_t bytes) {
  if (!checkRange("copy from host to device", to, bytes)) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  std::memcpy(pointerTo(to), from, bytes);
  return CUDA_SUCCESS;
}

CUresult copyToHost(void *to, CUdeviceptr from, size_t bytes) {
  if (!checkRange("copy from device to host", from, bytes)) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  std::memcpy(to, pointerTo(from), bytes);
  return CUDA_SUCCESS;
}

CUresult copyOnDevice(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  if (!checkRange("copy on the device, source", from, bytes) ||
      !checkRange("copy on the device, destination", to, bytes)) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  std::memmove(pointerTo(to), pointerTo(from), bytes);
  return CUDA_SUCCESS;
}

CUresult fill(CUdeviceptr to, unsigned char value, size_t bytes) {
  if (!checkRange("fill of device memory", to, bytes)) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  std::memset(pointerTo(to), value, bytes);
  return CUDA_SUCCESS;
}

} // namespace
} // namespace lapidary::cuda::emulator

using namespace lapidary::cuda::emulator;

CUresult cuMemGetInfo_v2(size_t *available, size_t *total) {
  std::lock_guard<std::mutex> guard(theDevice().lock);
  *available = theDevice().memory.available();
  *total = theDevice().memory.total();
  return deviceState();
}

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  std::lock_guard<std::mutex> guard(theDevice().lock);
  if (CUresult state = deviceState()) {
    return state;
  }
  if (bytes == 0) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  *address = theDevice().memory.allocate(bytes);
  return *address ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuMemFree_v2(CUdeviceptr address) {
  std::lock_guard<std::mutex> guard(theDevice().lock);
  if (address == 0 || theDevice().memory.release(address)) {
    return theDevice().failure;
  }
  std::fprintf(stderr, "cuda emulator: cuMemFree: 0x%llx is not the start of an allocation: it is %s\n", address,
               theDevice().memory.describe(address).c_str());
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemHostAlloc(void **address, size_t bytes, unsigned) {
  *address = bytes == 0 ? nullptr : std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  return *address ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuMemFreeHost(void *address) {
  std::free(address);
  return CUDA_SUCCESS;
}

CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t bytes) {
  return cuMemsetD8Async(to, value, bytes, nullptr);
}
CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream) {
  return enqueue(stream, [=] { return fill(to, value, bytes); });
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  return cuMemcpyHtoDAsync_v2(to, from, bytes, nullptr);
}
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
  return enqueue(stream, [=] { return copyToDevice(to, from, bytes); });
}

CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  return cuMemcpyDtoHAsync_v2(to, from, bytes, nullptr);
}
CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return enqueue(stream, [=] { return copyToHost(to, from, bytes); });
}

CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return cuMemcpyDtoDAsync_v2(to, from, bytes, nullptr);
}
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return enqueue(stream, [=] { return copyOnDevice(to, from, bytes); });
}
