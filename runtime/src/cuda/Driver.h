//===- Driver.h - libcuda, opened when a GPU is needed ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A program must start, and say what it misses, where no NVIDIA driver is installed. So nothing links against libcuda:
// it is opened by name, once per process, when the first session of a model is made. The types are our own; no CUDA
// header is needed to build.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CUDA_DRIVER_H
#define LAPIDARY_RUNTIME_CUDA_DRIVER_H

#include "lapidary/lapidary.h"

namespace lap::cuda {

using Result = int;
using Ordinal = int; // of a GPU
using Address = uint64_t;
using Context = struct ContextOfCuda *;
using Module = struct ModuleOfCuda *;
using Function = struct FunctionOfCuda *;
using Stream = struct StreamOfCuda *;
using Event = struct EventOfCuda *;
using Graph = struct GraphOfCuda *;
using GraphExec = struct GraphExecOfCuda *;

/// CUresult values that we tell apart, and other constants of cuda.h.
constexpr Result Success = 0, OutOfMemory = 2, NoDevice = 100, NoBinaryForGpu = 209;
enum { AttributeMajor = 75, AttributeMinor = 76 }; // of cuDeviceGetAttribute: compute capability
enum { FunctionSharedBytes = 8 };                  // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
enum { JitErrorLog = 5, JitErrorLogBytes = 6 };    // of cuModuleLoadDataEx
enum { StreamNonBlocking = 1, EventNoTiming = 2 }; // flags
enum { CaptureThreadLocal = 1 };                   // other threads may call unsafe functions meanwhile

/// CUlaunchAttribute, of which only numbers are used, and CUlaunchConfig.
struct LaunchAttribute {
  int id, pad = 0;
  int value;
  char rest[60] = {};
};
struct LaunchConfig {
  uint32_t gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes;
  Stream stream;
  LaunchAttribute *attributes;
  uint32_t attributeCount;
};
static_assert(sizeof(LaunchAttribute) == 72 && sizeof(LaunchConfig) == 56);
enum { ProgrammaticStreamSerialization = 6 }; // of CUlaunchAttributeID

/// The functions of libcuda; optional ones may be null.
struct Driver {
#define LAP_CUDA_FUNCTION(member, symbol, parameters) Result(*member) parameters;
#include "runtime/src/cuda/DriverFunctions.def"
#undef LAP_CUDA_FUNCTION
};

/// The driver of this process, opened and initialised by the first call; null after an error (which the next call meets
/// again). Thread-safe. Errors: LAP_NO_DEVICE: no library, an old one, one that does not work, no GPU.
const Driver *openDriver(lap_error *error);

/// What cuGetErrorString says.
const char *describe(const Driver &driver, Result result);

/// LAP_OK for Success; else `status` and a line that names the function, what it was to do, and the driver's reason.
lap_status check(const Driver &driver, Result result, const char *function, const char *purpose, lap_status status,
                 lap_error *error);

} // namespace lap::cuda

#endif // LAPIDARY_RUNTIME_CUDA_DRIVER_H
