//===- KernelsTest.cpp - kernels that do what they should ------------------===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "EmulatorFixture.h"

#include <cmath>
#include <numeric>

namespace lapidary::cuda::emulator::test {

namespace {

TEST(EmulatedKernels, ExponentialOfEveryElement) {
  Kernels kernels(R"(
declare float @llvm.nvvm.ex2.approx.ftz.f32(float)
define ptx_kernel void @k(i64 %x, i64 %y, i32 %n, float %scale) {
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %threads = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %first = mul i32 %block, %threads
  %i = add i32 %first, %thread
  %in = icmp slt i32 %i, %n
  br i1 %in, label %work, label %done
work:
  %xs = inttoptr i64 %x to ptr addrspace(1)
  %ys = inttoptr i64 %y to ptr addrspace(1)
  %from = getelementptr float, ptr addrspace(1) %xs, i32 %i
  %to = getelementptr float, ptr addrspace(1) %ys, i32 %i
  %value = load float, ptr addrspace(1) %from
  %scaled = fmul float %value, %scale
  %power = call float @llvm.nvvm.ex2.approx.ftz.f32(float %scaled)
  store float %power, ptr addrspace(1) %to
  br label %done
done:
  ret void
})");
  kernels.load();
  std::vector<float> x(300);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = float(i) / 16 - 8;
  }
  Buffer<float> from(x), to(x.size());
  ASSERT_EQ(launch(kernels.function("k"), 3, 128, 0, from.address, to.address, 300, 1.5f), CUDA_SUCCESS);
  const std::vector<float> y = to.read();
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_FLOAT_EQ(y[i], std::exp2(1.5f * x[i])) << "element " << i;
  }
}

TEST(EmulatedKernels, SumOfABlockByShufflesAndSharedMemory) {
  Kernels kernels(R"(
@partial = internal addrspace(3) global [4 x i32] undef
declare i32 @llvm.nvvm.shfl.sync.bfly.i32(i32, i32, i32, i32)
declare i32 @llvm.nvvm.shfl.sync.down.i32(i32, i32, i32, i32)
define internal i32 @warpSum(i32 %value) {
  %s16 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %value, i32 16, i32 31)
  %v16 = add i32 %value, %s16
  %s8 = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %v16, i32 8, i32 31)
  %v8 = add i32 %v16, %s8
  %s4 = call i32 @llvm.nvvm.shfl.sync.down.i32(i32 -1, i32 %v8, i32 4, i32 31)
  %v4 = add i32 %v8, %s4
  %s2 = call i32 @llvm.nvvm.shfl.sync.down.i32(i32 -1, i32 %v4, i32 2, i32 31)
  %v2 = add i32 %v4, %s2
  %s1 = call i32 @llvm.nvvm.shfl.sync.down.i32(i32 -1, i32 %v2, i32 1, i32 31)
  %v1 = add i32 %v2, %s1
  ret i32 %v1
}
define ptx_kernel void @k(i64 %x, i64 %sum) "nvvm.reqntid"="128,1,1" {
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %xs = inttoptr i64 %x to ptr addrspace(1)
  %from = getelementptr i32, ptr addrspace(1) %xs, i32 %thread
  %value = load i32, ptr addrspace(1) %from
  %own = call i32 @warpSum(i32 %value)
  %leads = icmp eq i32 %lane, 0
  br i1 %leads, label %publish, label %meet
publish:
  %warp = lshr i32 %thread, 5
  %slot = getelementptr i32, ptr addrspace(3) @partial, i32 %warp
  store i32 %own, ptr addrspace(3) %slot
  br label %meet
meet:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %first = icmp eq i32 %thread, 0
  br i1 %first, label %finish, label %done
finish:
  %all = load <4 x i32>, ptr addrspace(3) @partial
  %total = call i32 @llvm.vector.reduce.add.v4i32(<4 x i32> %all)
  %to = inttoptr i64 %sum to ptr addrspace(1)
  store i32 %total, ptr addrspace(1) %to
  br label %done
done:
  ret void
})");
  kernels.load();
  std::vector<int32_t> x(128);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = int32_t(i * i) - 1000;
  }
  Buffer<int32_t> from(x), to(1);
  CUfunction k = kernels.function("k");
  ASSERT_EQ(launch(k, 1, 128, 0, from.address, to.address), CUDA_SUCCESS);
  EXPECT_EQ(to.read()[0], std::accumulate(x.begin(), x.end(), 0));
  EXPECT_EQ(launch(k, 1, 64, 0, from.address, to.address), CUDA_ERROR_INVALID_VALUE) << "not the block it requires";
}

TEST(EmulatedKernels, DynamicSharedMemoryIsBehindTheOther) {
  Kernels kernels(R"(
@own = internal addrspace(3) global [5 x i8] undef
@dynamic = external addrspace(3) global [0 x i8], align 16
define ptx_kernel void @k(i64 %x) {
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %xs = inttoptr i64 %x to ptr addrspace(1)
  %slot = getelementptr i32, ptr addrspace(3) @dynamic, i32 %thread
  store i32 %thread, ptr addrspace(3) %slot
  %first = icmp eq i32 %thread, 0
  br i1 %first, label %mark, label %meet
mark:
  store i8 1, ptr addrspace(3) getelementptr (i8, ptr addrspace(3) @own, i32 4)
  br label %meet
meet:
  call void @llvm.nvvm.bar.warp.sync(i32 -1)
  %other = xor i32 %thread, 31
  %there = getelementptr i32, ptr addrspace(3) @dynamic, i32 %other
  %value = load i32, ptr addrspace(3) %there
  %to = getelementptr i32, ptr addrspace(1) %xs, i32 %thread
  store i32 %value, ptr addrspace(1) %to
  ret void
})");
  kernels.load();
  Buffer<int32_t> x(32);
  CUfunction k = kernels.function("k");
  int bytes = 0;
  ASSERT_EQ(cuFuncGetAttribute(&bytes, 1, k), CUDA_SUCCESS);
  EXPECT_EQ(bytes, 16) << "5 bytes, and dynamic memory is aligned to 16";
  ASSERT_EQ(launch(k, 1, 32, 128, x.address), CUDA_SUCCESS);
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(x.read()[i], 31 - i);
  }
}

} // namespace
} // namespace lapidary::cuda::emulator::test
