//===- RaceTest.cpp - words that are touched in no order ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Between threads of a block, blocks of a launch, and asynchronous copies; and what is no race.
//===----------------------------------------------------------------------===//
#include "EmulatorFixture.h"
#include "MisuseKernel.h"

namespace lapidary::cuda::emulator::test {

namespace {

TEST(Race, ForgetsTheBarrier) {
  // The last slots are written by a warp that has not run yet, so it is a race or not written, whatever comes first.
  expectReport(kernel(std::string(writeOwnSlot) + readNextSlot + "  ret void", shared), "race: |nobody has written", 64,
               1, 64);
  expectNothing(kernel(std::string(writeOwnSlot) + barrier + readNextSlot + "  ret void", shared), 64, 1, 64);
}

TEST(Race, WritesWhatAnotherThreadStillReads) {
  const std::string before = std::string(writeOwnSlot) + barrier + readNextSlot;
  const std::string after = "  store i32 0, ptr addrspace(3) %own\n  ret void";
  expectReport(
      kernel(before + after, shared),
      "race: writes the word byte [0-9]+ of shared memory, which thread \\([0-9]+, 0, 0\\) touched with no barrier "
      "between\n  at instruction .*store i32 0.*\n  and instruction .*load i32",
      64, 1, 64);
  expectNothing(kernel(before + barrier + after, shared), 64, 1, 64);
}

TEST(Race, WarpBarrierOrdersItsOwnWarpOnly) {
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

TEST(Race, TwoBlocksWriteTheSameWord) {
  const std::string plain = kernel("  store i32 %block, ptr addrspace(1) %xs\n  ret void");
  expectReport(
      plain,
      "block \\(1, 0, 0\\), thread \\(0, 0, 0\\): race: writes the word at byte 0 of an allocation of 4 bytes, which "
      "thread \\(0, 0, 0\\) of block \\(0, 0, 0\\) touched in the same launch",
      1, 2, 1);
  expectNothing(kernel("  %old = atomicrmw add ptr addrspace(1) %xs, i32 1 monotonic\n  ret void"), 1, 4, 32);
}

TEST(Race, ABlockReadsWhatAnotherOneWrites) {
  expectReport(kernel(R"(
  %other = sub i32 1, %block
  %from = getelementptr i32, ptr addrspace(1) %xs, i32 %other
  %to = getelementptr i32, ptr addrspace(1) %xs, i32 %block
  %v = load i32, ptr addrspace(1) %from
  store i32 %v, ptr addrspace(1) %to
  ret void)"),
               "block \\(1, 0, 0\\), thread \\(0, 0, 0\\): race: reads the word at byte 0", 2, 2, 1);
}

TEST(Race, BytesOfOneWordAreNoRace) {
  expectNothing(kernel(R"(
  %small = trunc i32 %thread to i8
  %at = getelementptr i8, ptr addrspace(1) %xs, i32 %thread
  store i8 %small, ptr addrspace(1) %at
  ret void)"),
                8, 1, 32);
}

TEST(Race, ReadsBeforeAsynchronousCopiesHaveArrived) {
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

} // namespace
} // namespace lapidary::cuda::emulator::test
