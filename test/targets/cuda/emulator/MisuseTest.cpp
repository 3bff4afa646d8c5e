//===- MisuseTest.cpp - addresses that kernels may not touch --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What is said then, and that the process can launch nothing more. RaceTest.cpp has order, WaitingTest.cpp barriers.
//===----------------------------------------------------------------------===//
#include "EmulatorFixture.h"
#include "MisuseKernel.h"

#include <cstdlib>

namespace lapidary::cuda::emulator::test {

namespace {

TEST(Misuse, WritesOneElementBehindAnAllocation) {
  const std::string text = kernel(R"(
  %at = getelementptr i32, ptr addrspace(1) %xs, i32 %thread
  store i32 1, ptr addrspace(1) %at
  ret void)");
  expectNothing(text, 32, 1, 32);
  expectReport(
      text,
      "kernel 'k', block \\(0, 0, 0\\), thread \\(31, 0, 0\\): writes 4 bytes out of bounds: 0 bytes behind the "
      "end of an allocation of 124 bytes\n  at instruction 4 of 'k': store i32 1, ptr addrspace\\(1\\) %at",
      31, 1, 32);
}

TEST(Misuse, ReadsAcrossTheEndOfAnAllocation) {
  expectReport(kernel(R"(
  %v = load i64, ptr addrspace(1) %xs
  store i64 %v, ptr addrspace(1) %xs
  ret void)"),
               "reads 8 bytes out of bounds: at byte 0 of an allocation of 4 bytes", 1, 1, 1);
}

TEST(Misuse, ReadsMemoryThatWasFreed) {
  const std::string text = kernel(R"(
  %v = load i32, ptr addrspace(1) %xs
  store i32 %v, ptr addrspace(1) %xs
  ret void)");
  Kernels kernels(text);
  auto run = [&] {
    kernels.load();
    CUdeviceptr gone = 0;
    cuMemAlloc_v2(&gone, 64);
    cuMemFree_v2(gone);
    Buffer<int32_t> other(64);
    std::_Exit(launch(kernels.function("k"), 1, 1, 0, gone) == CUDA_ERROR_ILLEGAL_ADDRESS ? 3 : 4);
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(3),
              "reads 4 bytes out of bounds: in an allocation of 64 bytes that was freed");
}

TEST(Misuse, UsesAHostAddress) {
  Kernels kernels(kernel("  store i32 0, ptr addrspace(1) %xs\n  ret void"));
  auto run = [&] {
    kernels.load();
    int32_t host = 0;
    const auto address = CUdeviceptr(reinterpret_cast<uintptr_t>(&host));
    std::_Exit(launch(kernels.function("k"), 1, 1, 0, address) == CUDA_ERROR_ILLEGAL_ADDRESS ? 3 : 4);
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(3), "writes 4 bytes out of bounds: not memory of the device");
}

TEST(Misuse, LeavesSharedMemory) {
  expectReport(kernel(R"(
  %i = add i32 %thread, 1
  %at = getelementptr i32, ptr addrspace(3) @s, i32 %i
  store i32 1, ptr addrspace(3) %at
  ret void)",
                      shared),
               "thread \\(63, 0, 0\\): writes 4 bytes out of bounds: byte 256 of shared memory, which has 256", 1, 1,
               64);
}

TEST(Misuse, LeavesItsOwnVariable) {
  expectReport(kernel(R"(
  %own = alloca [4 x i32]
  %at = getelementptr i32, ptr %own, i32 %thread
  store i32 1, ptr %at
  ret void)"),
               "thread \\(4, 0, 0\\): touches byte 16 of a variable of 16 bytes", 1, 1, 8);
}

TEST(Misuse, FillsAndCopiesTooMuch) {
  const std::string declarations =
      "declare void @llvm.memset.p1.i64(ptr addrspace(1), i8, i64, i1)\n"
      "declare void @llvm.memcpy.p3.p1.i64(ptr addrspace(3), ptr addrspace(1), i64, i1)\n" +
      std::string(shared);
  const std::string fill =
      "  call void @llvm.memset.p1.i64(ptr addrspace(1) %xs, i8 0, i64 SIZE, i1 false)\n  ret void";
  const std::string copy =
      "  call void @llvm.memcpy.p3.p1.i64(ptr addrspace(3) @s, ptr addrspace(1) %xs, i64 SIZE, i1 false)\n  ret void";
  auto sized = [](std::string text, const char *size) { return text.replace(text.find("SIZE"), 4, size); };
  expectNothing(kernel(sized(fill, "40"), declarations), 10, 1, 1);
  expectReport(kernel(sized(fill, "41"), declarations),
               "writes 41 bytes out of bounds: at byte 0 of an allocation of 40", 10, 1, 1);
  expectNothing(kernel(sized(copy, "256"), declarations), 100, 1, 1);
  expectReport(kernel(sized(copy, "257"), declarations), "writes 257 bytes out of bounds: byte 0 of shared memory", 100,
               1, 1);
  expectReport(kernel(sized(copy, "256"), declarations), "reads 256 bytes out of bounds", 10, 1, 1);
}

TEST(Misuse, LoadsAVectorThatIsNotAligned) {
  expectReport(kernel(R"(
  %at = getelementptr i32, ptr addrspace(1) %xs, i32 2
  %v = load <4 x i32>, ptr addrspace(1) %at
  store <4 x i32> %v, ptr addrspace(1) %xs
  ret void)"),
               "reads 16 bytes at an address that is not a multiple of 16 \\(at byte 8 of an allocation of 32 bytes\\)",
               8, 1, 1);
}

TEST(Misuse, ReadsSharedMemoryThatNobodyWrote) {
  expectReport(kernel(readNextSlot + std::string("  ret void"), shared),
               "reads 4 bytes of shared memory that nobody has written \\(byte 4\\)", 64, 1, 64);
}

TEST(Misuse, ReadsWhatTheBlockBeforeWrote) {
  expectReport(kernel(R"(
  %second = icmp eq i32 %block, 1
  br i1 %second, label %read, label %write
write:
  store i32 7, ptr addrspace(3) @s
  ret void
read:
  %v = load i32, ptr addrspace(3) @s
  store i32 %v, ptr addrspace(1) %xs
  ret void)",
                      shared),
               "block \\(1, 0, 0\\).*nobody has written", 1, 2, 1);
}

TEST(Misuse, StopsWithATrap) {
  expectReport(kernel("  call void @llvm.trap()\n  unreachable", "declare void @llvm.trap()\n"),
               "thread \\(0, 0, 0\\): stops with a trap", 1, 1, 1);
}

TEST(Misuse, IsStickyUntilTheProcessEnds) {
  Kernels kernels(kernel("  store i64 0, ptr addrspace(1) %xs\n  ret void"));
  auto run = [&] {
    kernels.load();
    Buffer<int32_t> x(1);
    launch(kernels.function("k"), 1, 1, 0, x.address);
    int32_t value = 0;
    const CUresult copied = cuMemcpyDtoH_v2(&value, x.address, 4);
    std::_Exit(copied == CUDA_ERROR_ILLEGAL_ADDRESS && cuStreamSynchronize(nullptr) == copied ? 3 : 4);
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(3), "writes 8 bytes out of bounds");
}

} // namespace
} // namespace lapidary::cuda::emulator::test
