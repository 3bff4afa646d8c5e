//===- DriverTest.cpp - memory, graphs and limits of the emulated driver ---===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "EmulatorFixture.h"

#include <cstdlib>
#include <cstring>

namespace lapidary::cuda::emulator::test {

namespace {

/// y[i] = x[i] + n for the threads of one block.
constexpr const char *addKernel = R"(
define ptx_kernel void @add(i64 %x, i64 %y, i32 %n) {
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %xs = inttoptr i64 %x to ptr addrspace(1)
  %ys = inttoptr i64 %y to ptr addrspace(1)
  %from = getelementptr i32, ptr addrspace(1) %xs, i32 %thread
  %to = getelementptr i32, ptr addrspace(1) %ys, i32 %thread
  %v = load i32, ptr addrspace(1) %from
  %sum = add i32 %v, %n
  store i32 %sum, ptr addrspace(1) %to
  ret void
})";

TEST(Driver, DescribesADevice) {
  ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
  int count = 0, major = 0, minor = 0, version = 0, shared = 0;
  EXPECT_EQ(cuDeviceGetCount(&count), CUDA_SUCCESS);
  EXPECT_EQ(count, 1);
  CUdevice device = -1;
  EXPECT_EQ(cuDeviceGet(&device, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuDeviceGet(&device, 1), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuDeviceGetAttribute(&major, 75, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuDeviceGetAttribute(&minor, 76, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuDeviceGetAttribute(&shared, 97, 0), CUDA_SUCCESS);
  EXPECT_EQ(10 * major + minor, 90);
  EXPECT_EQ(shared, 227 * 1024);
  EXPECT_EQ(cuDriverGetVersion(&version), CUDA_SUCCESS);
  EXPECT_GE(version, 12000);
  const char *name = nullptr;
  EXPECT_EQ(cuGetErrorName(CUDA_ERROR_OUT_OF_MEMORY, &name), CUDA_SUCCESS);
  EXPECT_STREQ(name, "CUDA_ERROR_OUT_OF_MEMORY");
  CUcontext context = nullptr;
  EXPECT_EQ(cuDevicePrimaryCtxRetain(&context, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSetCurrent(context), CUDA_SUCCESS);
}

TEST(Driver, CountsMemory) {
  ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
  size_t before = 0, total = 0, after = 0;
  ASSERT_EQ(cuMemGetInfo_v2(&before, &total), CUDA_SUCCESS);
  CUdeviceptr address = 0, other = 0;
  ASSERT_EQ(cuMemAlloc_v2(&address, 1000), CUDA_SUCCESS);
  EXPECT_EQ(address % 256, 0u);
  ASSERT_EQ(cuMemGetInfo_v2(&after, &total), CUDA_SUCCESS);
  EXPECT_EQ(before - after, 1000u);
  EXPECT_EQ(cuMemAlloc_v2(&other, total), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(cuMemAlloc_v2(&other, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFree_v2(address + 8), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFree_v2(address), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFree_v2(address), CUDA_ERROR_INVALID_VALUE) << "freed twice";
}

TEST(Driver, AddressesAreUsedAgainWhenThereAreNoOthers) {
  ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
  size_t available = 0, total = 0;
  ASSERT_EQ(cuMemGetInfo_v2(&available, &total), CUDA_SUCCESS);
  for (int i = 0; i < 40; ++i) { // 40 halves of the memory are more than the reservation
    CUdeviceptr address = 0;
    ASSERT_EQ(cuMemAlloc_v2(&address, available / 2), CUDA_SUCCESS) << "allocation " << i;
    ASSERT_EQ(cuMemFree_v2(address), CUDA_SUCCESS);
  }
}

TEST(Driver, CopiesAndFills) {
  ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
  Buffer<uint8_t> a(std::vector<uint8_t>{1, 2, 3, 4, 5, 6}), b(6);
  EXPECT_EQ(cuMemsetD8_v2(b.address, 9, 6), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyDtoD_v2(b.address + 1, a.address + 2, 3), CUDA_SUCCESS);
  EXPECT_EQ(b.read(), (std::vector<uint8_t>{9, 3, 4, 5, 9, 9}));
  EXPECT_EQ(cuMemcpyDtoD_v2(b.address + 4, a.address, 3), CUDA_ERROR_INVALID_VALUE) << "one byte too many";
  EXPECT_EQ(cuMemsetD8_v2(b.address, 9, 7), CUDA_ERROR_INVALID_VALUE);
  uint8_t host[7];
  EXPECT_EQ(cuMemcpyDtoH_v2(host, b.address, 7), CUDA_ERROR_INVALID_VALUE);
}

TEST(Driver, AGraphRunsAgainWhatWasCaptured) {
  Kernels kernels(addKernel);
  kernels.load();
  CUfunction add = kernels.function("add");
  CUstream stream = nullptr;
  CUgraph graph = nullptr;
  CUgraphExec executable = nullptr;
  ASSERT_EQ(cuStreamCreate(&stream, 1), CUDA_SUCCESS);
  Buffer<int32_t> x(4), y(4);
  std::vector<int32_t> input{1, 2, 3, 4}, output(4);
  ASSERT_EQ(cuStreamBeginCapture_v2(stream, 2), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyHtoDAsync_v2(x.address, input.data(), 16, stream), CUDA_SUCCESS);
  int32_t step = 10;
  void *parameters[] = {&x, &y, &step};
  EXPECT_EQ(cuLaunchKernel(add, 1, 1, 1, 4, 1, 1, 0, stream, parameters, nullptr), CUDA_SUCCESS);
  step = -1; // the value at the capture counts
  EXPECT_EQ(launchOn(stream, add, 1, 4, 0, y.address, y.address, 100), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyDtoHAsync_v2(output.data(), y.address, 16, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  ASSERT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
  EXPECT_EQ(output, std::vector<int32_t>(4)) << "nothing runs while it is captured";
  ASSERT_EQ(cuGraphInstantiateWithFlags(&executable, graph, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphLaunch(executable, stream), CUDA_SUCCESS);
  EXPECT_EQ(output, (std::vector<int32_t>{111, 112, 113, 114}));
  input = {5, 5, 5, 5}; // host memory is read at each launch
  ASSERT_EQ(cuGraphLaunch(executable, stream), CUDA_SUCCESS);
  EXPECT_EQ(output, (std::vector<int32_t>{115, 115, 115, 115}));
  EXPECT_EQ(cuGraphExecDestroy(executable), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamDestroy_v2(stream), CUDA_SUCCESS);
}

TEST(Driver, AStreamThatWaitsForACapturedOneIsCapturedToo) {
  ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
  CUstream first = nullptr, second = nullptr;
  CUevent fork = nullptr, join = nullptr;
  CUgraph graph = nullptr;
  CUgraphExec executable = nullptr;
  ASSERT_EQ(cuStreamCreate(&first, 1), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamCreate(&second, 1), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&fork, 2), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&join, 2), CUDA_SUCCESS);
  Buffer<uint8_t> x(4);
  ASSERT_EQ(cuStreamBeginCapture_v2(first, 2), CUDA_SUCCESS);
  ASSERT_EQ(cuEventRecord(fork, first), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWaitEvent(second, fork, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemsetD8Async(x.address, 7, 4, second), CUDA_SUCCESS);
  ASSERT_EQ(cuEventRecord(join, second), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWaitEvent(first, join, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamEndCapture(first, &graph), CUDA_SUCCESS);
  EXPECT_EQ(x.read(), std::vector<uint8_t>(4));
  ASSERT_EQ(cuGraphInstantiateWithFlags(&executable, graph, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphLaunch(executable, first), CUDA_SUCCESS);
  EXPECT_EQ(x.read(), std::vector<uint8_t>(4, 7));
  ASSERT_EQ(cuMemsetD8Async(x.address, 8, 4, second), CUDA_SUCCESS);
  EXPECT_EQ(x.read(), std::vector<uint8_t>(4, 8)) << "the capture is over for both";
}

TEST(Driver, PtxSaysWhichKernelsThereAre) {
  Kernels kernels(addKernel);
  kernels.load();
  CUmodule module = nullptr;
  const char *ptx = ".version 8.0\n.target sm_80\n.visible .entry addition(\n)\n{ ret; }\n";
  ASSERT_EQ(cuModuleLoadDataEx(&module, ptx, 0, nullptr, nullptr), CUDA_SUCCESS);
  CUfunction function = nullptr;
  EXPECT_EQ(cuModuleGetFunction(&function, module, "add"), CUDA_ERROR_NOT_FOUND) << "only 'addition' is in the text";
  EXPECT_EQ(cuModuleGetFunction(&function, module, "addition"), CUDA_ERROR_NOT_FOUND) << "it was not retargeted";
  EXPECT_EQ(cuModuleLoadDataEx(&module, "something", 0, nullptr, nullptr), CUDA_ERROR_INVALID_IMAGE);
  EXPECT_EQ(cuModuleUnload(module), CUDA_SUCCESS);
}

TEST(Driver, RefusesLaunchesThatADeviceCannotRun) {
  Kernels kernels(addKernel);
  kernels.load();
  CUfunction add = kernels.function("add");
  Buffer<int32_t> x(4);
  EXPECT_EQ(launch(add, 0, 4, 0, x.address, x.address, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(add, 1, 0, 0, x.address, x.address, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(add, 1, 1025, 0, x.address, x.address, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(add, 1, 4, 48 * 1024 + 1, x.address, x.address, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuFuncSetAttribute(add, 8, 228 * 1024), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuFuncSetAttribute(add, 8, 100 * 1024), CUDA_SUCCESS);
  EXPECT_EQ(launch(add, 1, 4, 100 * 1024, x.address, x.address, 1), CUDA_SUCCESS);
  EXPECT_EQ(x.read(), std::vector<int32_t>(4, 1));
}

} // namespace
} // namespace lapidary::cuda::emulator::test
