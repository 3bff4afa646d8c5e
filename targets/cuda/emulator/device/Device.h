//===- Device.h - state that the driver's functions share ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One device with one context. Every function of the API takes the lock, so any host thread may call.
// Environment: LAPIDARY_EMULATED_CAPABILITY (90), LAPIDARY_EMULATED_MEMORY (bytes, 8 GiB), LAPIDARY_EMULATED_KERNELS (a
// library that writeEmulatedKernels made; libkernels.so beside libcuda.so.1), LAPIDARY_EMULATED_SUMMARY=1 (launches are
// counted on stderr).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_DEVICE_H
#define LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_DEVICE_H

#include "targets/cuda/emulator/device/Block.h"
#include "targets/cuda/emulator/device/Cuda.h"

#include <functional>
#include <mutex>

namespace lapidary::cuda::emulator {

/// What a captured stream remembers; run again by every launch of the graph.
using Operation = std::function<CUresult()>;

struct Device {
  Device();

  std::mutex lock;
  bool initialized = false;
  uint32_t capability; ///< 10 * major + minor
  Memory memory;
  Block block;
  CUresult failure = CUDA_SUCCESS;        ///< of a kernel; sticky
  uint64_t launches = 0, overlapping = 0; ///< that have run, and those of them that might overlap earlier ones
};

/// Made by the first call. Lives until the process ends: programs may call from their own destructors.
Device &theDevice();

/// True when `bytes` at `address` are in one live allocation; reports otherwise, naming `what` wanted them.
bool checkRange(const char *what, CUdeviceptr address, size_t bytes);

/// Does `operation` now, or, if `stream` is being captured, remembers it.
CUresult enqueue(CUstream stream, Operation operation);

/// cuInit has been called and no kernel has failed; otherwise what to return.
CUresult deviceState();

} // namespace lapidary::cuda::emulator

#endif // LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_DEVICE_H
