//===- Cuda.h - the part of the CUDA driver API that is emulated -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Names, values and prototypes are those of the CUDA driver API reference (version 12); nothing is included from a
// toolkit. What each function does is described there; here only what differs:
//   - everything is done at once, in the order of calls, whatever the stream;
//   - all errors of kernels are sticky: after one, every call that needs the context returns it;
//   - a captured stream remembers its copies, fills and launches, in one order, also across streams.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_CUDA_H
#define LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_CUDA_H

#include <cstddef>
#include <cstdint>

#define LAP_EMU_API extern "C" __attribute__((visibility("default")))

using CUdeviceptr = unsigned long long;
using CUdevice = int;
using CUcontext = struct CUctx_st *;
using CUmodule = struct CUmod_st *;
using CUfunction = struct CUfunc_st *;
using CUstream = struct CUstream_st *;
using CUevent = struct CUevent_st *;
using CUgraph = struct CUgraph_st *;
using CUgraphExec = struct CUgraphExec_st *;

/// Of a launch: attribute `id` with the number that is first in its value.
struct CUlaunchAttribute {
  int id;
  int pad;
  int value[16];
};
struct CUlaunchConfig {
  unsigned gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes;
  CUstream hStream;
  CUlaunchAttribute *attrs;
  unsigned numAttrs;
};
constexpr int CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION = 6;

enum CUresult : int {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_INVALID_VALUE = 1,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NOT_INITIALIZED = 3,
  CUDA_ERROR_INVALID_DEVICE = 101,
  CUDA_ERROR_INVALID_IMAGE = 200,
  CUDA_ERROR_INVALID_CONTEXT = 201,
  CUDA_ERROR_FILE_NOT_FOUND = 301,
  CUDA_ERROR_INVALID_HANDLE = 400,
  CUDA_ERROR_ILLEGAL_STATE = 401,
  CUDA_ERROR_NOT_FOUND = 500,
  CUDA_ERROR_NOT_READY = 600,
  CUDA_ERROR_ILLEGAL_ADDRESS = 700,
  CUDA_ERROR_LAUNCH_FAILED = 719,
  CUDA_ERROR_NOT_SUPPORTED = 801,
  CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900,
};

// ---- DriverDevice.cpp
LAP_EMU_API CUresult cuInit(unsigned flags);
LAP_EMU_API CUresult cuDriverGetVersion(int *version);
LAP_EMU_API CUresult cuGetErrorName(CUresult error, const char **name);
LAP_EMU_API CUresult cuGetErrorString(CUresult error, const char **text);
LAP_EMU_API CUresult cuDeviceGetCount(int *count);
LAP_EMU_API CUresult cuDeviceGet(CUdevice *device, int ordinal);
LAP_EMU_API CUresult cuDeviceGetName(char *name, int bytes, CUdevice device);
LAP_EMU_API CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device);
LAP_EMU_API CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device);
LAP_EMU_API CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device);
LAP_EMU_API CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device);
LAP_EMU_API CUresult cuCtxSetCurrent(CUcontext context);
LAP_EMU_API CUresult cuCtxGetCurrent(CUcontext *context);
LAP_EMU_API CUresult cuCtxSynchronize();

// ---- DriverMemory.cpp
LAP_EMU_API CUresult cuMemGetInfo_v2(size_t *available, size_t *total);
LAP_EMU_API CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes);
LAP_EMU_API CUresult cuMemFree_v2(CUdeviceptr address);
LAP_EMU_API CUresult cuMemHostAlloc(void **address, size_t bytes, unsigned flags);
LAP_EMU_API CUresult cuMemFreeHost(void *address);
LAP_EMU_API CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t bytes);
LAP_EMU_API CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream);
LAP_EMU_API CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes);
LAP_EMU_API CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes);
LAP_EMU_API CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes);
LAP_EMU_API CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream);
LAP_EMU_API CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream);
LAP_EMU_API CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream);

// ---- DriverModule.cpp
LAP_EMU_API CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count, int *options,
                                        void **values);
LAP_EMU_API CUresult cuModuleUnload(CUmodule module);
LAP_EMU_API CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name);
LAP_EMU_API CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value);
LAP_EMU_API CUresult cuFuncGetAttribute(int *value, int attribute, CUfunction function);
LAP_EMU_API CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ,
                                    unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,
                                    CUstream stream, void **parameters, void **extra);
LAP_EMU_API CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **parameters,
                                      void **extra);

// ---- DriverStream.cpp
LAP_EMU_API CUresult cuStreamCreate(CUstream *stream, unsigned flags);
LAP_EMU_API CUresult cuStreamDestroy_v2(CUstream stream);
LAP_EMU_API CUresult cuStreamSynchronize(CUstream stream);
LAP_EMU_API CUresult cuStreamQuery(CUstream stream);
LAP_EMU_API CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags);
LAP_EMU_API CUresult cuEventCreate(CUevent *event, unsigned flags);
LAP_EMU_API CUresult cuEventRecord(CUevent event, CUstream stream);
LAP_EMU_API CUresult cuEventSynchronize(CUevent event);
LAP_EMU_API CUresult cuEventQuery(CUevent event);
LAP_EMU_API CUresult cuEventElapsedTime(float *milliseconds, CUevent from, CUevent to);
LAP_EMU_API CUresult cuEventDestroy_v2(CUevent event);
LAP_EMU_API CUresult cuStreamBeginCapture_v2(CUstream stream, int mode);
LAP_EMU_API CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph);
LAP_EMU_API CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long flags);
LAP_EMU_API CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream);
LAP_EMU_API CUresult cuGraphExecDestroy(CUgraphExec executable);
LAP_EMU_API CUresult cuGraphDestroy(CUgraph graph);

#endif // LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_CUDA_H
