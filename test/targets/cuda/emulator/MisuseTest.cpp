//===- MisuseTest.cpp - what kernels may not do, and what is said then -----===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "EmulatorFixture.h"

#include <cstdlib>

namespace lapidary::cuda::emulator::test {

namespace {

/// A kernel @k(i64 %x) whose body sees %thread, %block, and %xs, the buffer.
std::string kernel(const std::string &body, const std::string &globals = "") {
  return globals + R"(
define ptx_kernel void @k(i64 %x) {
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %xs = inttoptr i64 %x to ptr addrspace(1)
)" + body +
         "\n}\n";
}

constexpr const char *shared = "@s = internal addrspace(3) global [64 x i32] undef\n";
constexpr const char *barrier = "  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n";
/// Every thread writes its slot of @s, and reads the next one's (or its own, for the last).
constexpr const char *writeOwnSlot = R"(
  %own = getelementptr i32, ptr addrspace(3) @s, i32 %thread
  store i32 %thread, ptr addrspace(3) %own
)";
constexpr const char *readNextSlot = R"(
  %following = add i32 %thread, 1
  %next = urem i32 %following, 64
  %there = getelementptr i32, ptr addrspace(3) @s, i32 %next
  %value = load i32, ptr addrspace(3) %there
  %to = getelementptr i32, ptr addrspace(1) %xs, i32 %thread
  store i32 %value, ptr addrspace(1) %to
)";

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

TEST(Misuse, ForgetsTheBarrier) {
  // The last slots are written by a warp that has not run yet, so it is a race or not written, whatever comes first.
  expectReport(kernel(std::string(writeOwnSlot) + readNextSlot + "  ret void", shared), "race: |nobody has written", 64,
               1, 64);
  expectNothing(kernel(std::string(writeOwnSlot) + barrier + readNextSlot + "  ret void", shared), 64, 1, 64);
}

TEST(Misuse, WritesWhatAnotherThreadStillReads) {
  const std::string before = std::string(writeOwnSlot) + barrier + readNextSlot;
  const std::string after = "  store i32 0, ptr addrspace(3) %own\n  ret void";
  expectReport(
      kernel(before + after, shared),
      "race: writes the word byte [0-9]+ of shared memory, which thread \\([0-9]+, 0, 0\\) touched with no barrier "
      "between\n  at instruction .*store i32 0.*\n  and instruction .*load i32",
      64, 1, 64);
  expectNothing(kernel(before + barrier + after, shared), 64, 1, 64);
}

TEST(Misuse, WarpBarrierOrdersItsOwnWarpOnly) {
  const std::string sync = "  call void @llvm.nvvm.bar.warp.sync(i32 -1)\n";
  const std::string text = kernel(std::string(writeOwnSlot) + sync + R"(
  %flipped = xor i32 %thread, 1
  %there = getelementptr i32, ptr addrspace(3) @s, i32 %flipped
  %value = load i32, ptr addrspace(3) %there
  %to = getelementptr i32, ptr addrspace(1) %xs, i32 %thread
  store i32 %value, ptr addrspace(1) %to
  ret void)",
                                  shared);
  expectNothing(text, 64, 1, 64);
  expectReport(kernel(std::string(writeOwnSlot) + sync + readNextSlot + "  ret void", shared),
               "race: |nobody has written", 64, 1, 64);
}

TEST(Misuse, TwoBlocksWriteTheSameWord) {
  const std::string plain = kernel("  store i32 %block, ptr addrspace(1) %xs\n  ret void");
  expectReport(
      plain,
      "block \\(1, 0, 0\\), thread \\(0, 0, 0\\): race: writes the word at byte 0 of an allocation of 4 bytes, which "
      "thread \\(0, 0, 0\\) of block \\(0, 0, 0\\) touched in the same launch",
      1, 2, 1);
  expectNothing(kernel("  %old = atomicrmw add ptr addrspace(1) %xs, i32 1 monotonic\n  ret void"), 1, 4, 32);
}

TEST(Misuse, ABlockReadsWhatAnotherOneWrites) {
  expectReport(kernel(R"(
  %other = sub i32 1, %block
  %from = getelementptr i32, ptr addrspace(1) %xs, i32 %other
  %to = getelementptr i32, ptr addrspace(1) %xs, i32 %block
  %v = load i32, ptr addrspace(1) %from
  store i32 %v, ptr addrspace(1) %to
  ret void)"),
               "block \\(1, 0, 0\\), thread \\(0, 0, 0\\): race: reads the word at byte 0", 2, 2, 1);
}

TEST(Misuse, BytesOfOneWordAreNoRace) {
  expectNothing(kernel(R"(
  %small = trunc i32 %thread to i8
  %at = getelementptr i8, ptr addrspace(1) %xs, i32 %thread
  store i8 %small, ptr addrspace(1) %at
  ret void)"),
                8, 1, 32);
}

TEST(Misuse, SomeThreadsEndBeforeTheBarrier) {
  expectReport(kernel(R"(
  %early = icmp ult i32 %thread, 5
  br i1 %early, label %end, label %meet
meet:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  ret void
end:
  ret void)"),
               "threads wait for others that never come\n  59 of 64, thread \\(5, 0, 0\\) first: wait at the barrier "
               "instruction .*\n  5 of 64, thread \\(0, 0, 0\\) first: have ended",
               1, 1, 64);
}

TEST(Misuse, LanesOfAWarpWaitAtDifferentBarriers) {
  expectReport(kernel(R"(
  %low = icmp ult i32 %thread, 5
  br i1 %low, label %one, label %two
one:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  ret void
two:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  ret void)"),
               "thread \\(5, 0, 0\\): waits at a barrier of its own: lane 4 of the same warp waits at instruction", 1,
               1, 32);
}

TEST(Misuse, WaitsAtABarrierOfPartOfTheBlock) {
  const std::string declaration = "declare void @llvm.nvvm.barrier.cta.sync.aligned.count(i32, i32)\n";
  const std::string wait = "  call void @llvm.nvvm.barrier.cta.sync.aligned.count(i32 1, i32 ";
  expectNothing(kernel(wait + "64)\n  ret void", declaration), 1, 1, 64);
  expectReport(kernel(wait + "32)\n  ret void", declaration), "a barrier of 32 of the block's 64 threads", 1, 1, 64);
}

TEST(Misuse, StopsWithATrap) {
  expectReport(kernel("  call void @llvm.trap()\n  unreachable", "declare void @llvm.trap()\n"),
               "thread \\(0, 0, 0\\): stops with a trap", 1, 1, 1);
}

TEST(Misuse, ALaneMissesAProduct) {
  const std::string result = "{i32, i32, i32, i32}";
  const std::string name = result + " @llvm.nvvm.mma.m16n8k32.row.col.s8(";
  std::string types = "i32", zeros = "i32 0";
  for (int i = 1; i < 10; ++i) {
    types += ", i32";
    zeros += ", i32 0";
  }
  expectReport(
      kernel("  %low = icmp ult i32 %thread, 16\n  br i1 %low, label %one, label %two\none:\n  %a = call " + name +
                 zeros + ")\n  ret void\ntwo:\n  %b = call " + name + zeros + ")\n  ret void",
             "declare " + name + types + ")\n"),
      "threads wait for others that never come\n  16 of 32, thread \\(0, 0, 0\\) first: wait for their warp at "
      "instruction 5 .*\n  16 of 32, thread \\(16, 0, 0\\) first: wait for their warp at instruction 7",
      1, 1, 32);
}

TEST(Misuse, ALaneMissesAShuffle) {
  expectReport(kernel(R"(
  %most = icmp ult i32 %thread, 31
  br i1 %most, label %meet, label %end
meet:
  %got = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %thread, i32 1, i32 31)
  ret void
end:
  ret void)",
                      "declare i32 @llvm.nvvm.shfl.sync.bfly.i32(i32, i32, i32, i32)\n"),
               "31 of 32, thread \\(0, 0, 0\\) first: wait for their warp at instruction .*shfl.sync.bfly", 1, 1, 32);
}

TEST(Misuse, ShufflesFromALaneOutsideTheMask) {
  expectReport(kernel(R"(
  %low = icmp ult i32 %thread, 16
  br i1 %low, label %meet, label %end
meet:
  %got = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 65535, i32 %thread, i32 16, i32 31)
  ret void
end:
  ret void)",
                      "declare i32 @llvm.nvvm.shfl.sync.bfly.i32(i32, i32, i32, i32)\n"),
               "shuffles from lane 16, which is not in the mask", 1, 1, 32);
}

TEST(Misuse, ReadsBeforeAsynchronousCopiesHaveArrived) {
  const std::string declarations = std::string(shared) + R"(
declare void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3), ptr addrspace(1))
declare void @llvm.nvvm.cp.async.commit.group()
declare void @llvm.nvvm.cp.async.wait.group(i32))";
  const std::string copy = R"(
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) @s, ptr addrspace(1) %xs)
  call void @llvm.nvvm.cp.async.commit.group()
)";
  const std::string read = R"(
  %v = load i32, ptr addrspace(3) @s
  store i32 %v, ptr addrspace(1) %xs
  ret void)";
  const std::string wait = "  call void @llvm.nvvm.cp.async.wait.group(i32 ";
  expectReport(kernel(copy + read, declarations), "reads 4 bytes that a cp.async has not delivered", 4, 1, 1);
  expectReport(kernel(copy + wait + "1)\n" + read, declarations), "that a cp.async has not delivered", 4, 1, 1);
  expectNothing(kernel(copy + wait + "0)\n" + read, declarations), 4, 1, 1);
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
