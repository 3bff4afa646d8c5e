//===- WaitingTest.cpp - threads that wait for others that never come -----===//
// SPDX-License-Identifier: Apache-2.0
//
// At barriers of a block, and where a warp must be whole.
//===----------------------------------------------------------------------===//
#include "EmulatorFixture.h"
#include "MisuseKernel.h"

namespace lapidary::cuda::emulator::test {

namespace {

TEST(Waiting, SomeThreadsEndBeforeTheBarrier) {
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

TEST(Waiting, LanesOfAWarpWaitAtDifferentBarriers) {
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

TEST(Waiting, WaitsAtABarrierOfPartOfTheBlock) {
  const std::string declaration = "declare void @llvm.nvvm.barrier.cta.sync.aligned.count(i32, i32)\n";
  const std::string wait = "  call void @llvm.nvvm.barrier.cta.sync.aligned.count(i32 1, i32 ";
  expectNothing(kernel(wait + "64)\n  ret void", declaration), 1, 1, 64);
  expectReport(kernel(wait + "32)\n  ret void", declaration), "a barrier of 32 of the block's 64 threads", 1, 1, 64);
}

TEST(Waiting, ALaneMissesAProduct) {
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

TEST(Waiting, ALaneMissesAShuffle) {
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

TEST(Waiting, ShufflesFromALaneOutsideTheMask) {
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

} // namespace
} // namespace lapidary::cuda::emulator::test
