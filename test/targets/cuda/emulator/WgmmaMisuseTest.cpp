//===- WgmmaMisuseTest.cpp - what is said of products that are not waited for -===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "EmulatorFixture.h"
#include "WgmmaKernel.h"

#include <cstdlib>

namespace lapidary::cuda::emulator::test {

namespace {

constexpr WgmmaShape shape{8, WgmmaShape::S8}; // B: 8 rows of 32 bytes, unswizzled: 256 bytes, one word for two threads

constexpr const char *proxyFence = "  call void @llvm.nvvm.fence.proxy.async.shared_cta()\n";
constexpr const char *barrier = "  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n";
/// Every thread writes a 16-bit piece of B.
constexpr const char *writeB = R"(
  %own = getelementptr i16, ptr addrspace(3) @s, i32 %thread
  %short = trunc i32 %thread to i16
  store i16 %short, ptr addrspace(3) %own
)";

/// A kernel whose body sees %thread, %xs and %d, the descriptor of B in @s.
std::string kernel(const std::string &body) {
  return wgmmaDeclarations() + R"(
@s = internal addrspace(3) global [256 x i8] undef, align 256
define ptx_kernel void @k(i64 %x) {
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %xs = inttoptr i64 %x to ptr addrspace(1)
  %to = getelementptr i32, ptr addrspace(1) %xs, i32 %thread
  %shared = ptrtoint ptr addrspace(3) @s to i64
  %low = and i64 %shared, 262143
  %start = lshr i64 %low, 4
  %d = or i64 %start, )" +
         std::to_string(uint64_t(8) << 16 | uint64_t(16) << 32) + body + "\n  ret void\n}\n";
}

const Names fresh{"0", "1", "2", "3"}, a{"%thread", "%thread", "%thread", "%thread"};
std::string fenced(const std::string &to, const Names &from = fresh) { return fence("i32", numbered(to, 4), from); }
std::string multiplied(const std::string &to, const std::string &from, const std::string &descriptor = "%d") {
  return product(shape, numbered(to, 4), numbered(from, 4), a, descriptor);
}
std::string waited(const std::string &to, const std::string &from, unsigned groups = 0) {
  return waitFor(groups, "i32", numbered(to, 4), numbered(from, 4));
}
std::string stored(const std::string &value) { return "  store i32 " + value + ", ptr addrspace(1) %to\n"; }

const std::string ready = std::string(writeB) + proxyFence + barrier;

TEST(WgmmaMisuse, SaysNothingOfWhatIsRight) {
  expectNothing(kernel(ready + fenced("f") + multiplied("m", "f") + commit + waited("r", "m") + barrier +
                       "  store i16 7, ptr addrspace(3) %own\n" + stored("%r0")),
                128, 1, 128);
}

TEST(WgmmaMisuse, NeedsAFenceBehindTheRegisters) {
  expectReport(kernel(ready + product(shape, numbered("m", 4), fresh, a, "%d") + commit + waited("r", "m")),
               "multiplies without a wgmma.fence behind what touched its registers\n  at instruction", 128, 1, 128);
  expectReport(kernel(ready + fenced("f") + multiplied("m", "f") + commit + waited("r", "m") + multiplied("n", "r") +
                      commit + waited("u", "n")),
               "multiplies without a wgmma.fence", 128, 1, 128);
}

TEST(WgmmaMisuse, NeedsAProxyFenceBehindWhatThreadsWrote) {
  expectReport(kernel(std::string(proxyFence) + writeB + barrier + fenced("f") + multiplied("m", "f")),
               "reads byte 0 of shared memory, which thread . wrote without a fence.proxy.async behind it, at "
               "instruction",
               128, 1, 128);
}

TEST(WgmmaMisuse, NeedsABarrierBehindWhatThreadsWrote) {
  expectReport(kernel(std::string(writeB) + proxyFence + fenced("f") + multiplied("m", "f")), "race: reads the word",
               128, 1, 128);
}

TEST(WgmmaMisuse, FindsSharedMemoryThatIsWrittenBeforeTheWait) {
  expectReport(
      kernel(ready + fenced("f") + multiplied("m", "f") + commit + barrier + "  store i16 7, ptr addrspace(3) " +
             "%own\n" + waited("r", "m")),
      "writes 2 bytes of shared memory \\(byte 254\\) that a wgmma.mma_async reads which nobody has waited for", 128, 1,
      128);
}

TEST(WgmmaMisuse, WaitsForTheGroupsThatAreOldEnough) {
  const std::string begun = ready + fenced("f") + multiplied("m", "f") + commit;
  expectReport(kernel(begun + waited("r", "m", 1) + barrier + "  store i16 7, ptr addrspace(3) %own\n"),
               "that a wgmma.mma_async reads which nobody has waited for", 128, 1, 128);
  expectReport(kernel(ready + fenced("f") + multiplied("m", "f") + waited("r", "m") + barrier +
                      "  store i16 7, ptr addrspace(3) %own\n"),
               "that a wgmma.mma_async reads which nobody has waited for", 128, 1, 128); // not committed
}

TEST(WgmmaMisuse, GivesNoSumsBeforeTheWait) {
  Kernels kernels(kernel(ready + fenced("f") + multiplied("m", "f") + commit + stored("%m0") + waited("r", "m")));
  kernels.load();
  Buffer<uint32_t> x(128);
  ASSERT_EQ(launch(kernels.function("k"), 1, 128, 0, x.address), CUDA_SUCCESS);
  EXPECT_EQ(x.read()[0], 0x7fd00000u); // not a number, as a float
}

TEST(WgmmaMisuse, FindsSumsFromBeforeTheWait) {
  expectReport(kernel(ready + fenced("f") + multiplied("m", "f") + commit + waited("r", "m") +
                      fenced("g", numbered("m", 4)) + multiplied("n", "g")),
               "adds to sums as they were before a later product or wgmma.wait_group", 128, 1, 128);
}

TEST(WgmmaMisuse, FindsSumsThatDoNotPassThroughTheWait) {
  expectReport(kernel(ready + fenced("f") + multiplied("m", "f") + commit +
                      waitFor(0, "i32", numbered("r", 3), {"%m0", "%m1", "%m2"})),
               "does not pass all of their sums through the wait", 128, 1, 128);
}

TEST(WgmmaMisuse, FindsDescriptorsThatDiffer) {
  expectReport(kernel(ready + "  %wide = zext i32 %thread to i64\n  %e = add i64 %d, %wide\n" + fenced("f") +
                      multiplied("m", "f", "%e")),
               "gives another matrix descriptor than the first thread of its warpgroup", 128, 1, 128);
}

TEST(WgmmaMisuse, FindsMatricesOutsideOfSharedMemory) {
  expectReport(kernel(ready + "  %e = add i64 %d, 1\n" + fenced("f") + multiplied("m", "f", "%e")),
               "reads 16 bytes out of bounds: byte 256 of shared memory, which has 256", 128, 1, 128);
}

TEST(WgmmaMisuse, FindsReservedBitsOfDescriptors) {
  expectReport(kernel(ready + "  %e = or i64 %d, 32768\n" + fenced("f") + multiplied("m", "f", "%e")),
               "with a base offset or reserved bits", 128, 1, 128);
}

[[noreturn]] void runOnAnotherDevice(Kernels &kernels) {
  setenv("LAPIDARY_EMULATED_CAPABILITY", "120", 1);
  kernels.load();
  Buffer<uint32_t> x(128);
  std::_Exit(launch(kernels.function("k"), 1, 128, 0, x.address) == CUDA_SUCCESS ? 0 : 3);
}

TEST(WgmmaMisuse, IsForOneCapability) {
  GTEST_FLAG_SET(death_test_style, "threadsafe"); // a process that has no device yet
  Kernels kernels(kernel(ready + fenced("f") + multiplied("m", "f") + commit + waited("r", "m")));
  EXPECT_EXIT(runOnAnotherDevice(kernels), testing::ExitedWithCode(3),
              "multiplies by wgmma on a device of capability 120");
  GTEST_FLAG_SET(death_test_style, "fast");
}

TEST(WgmmaMisuse, NeedsAWholeWarpgroup) {
  expectReport(kernel(fenced("f")), "is not in a whole warpgroup of 128 threads: the block has 96", 96, 1, 96);
}

TEST(WgmmaMisuse, FindsWarpsThatDoNotCome) {
  expectReport(kernel("  %few = icmp slt i32 %thread, 64\n  br i1 %few, label %some, label %end\nsome:\n" +
                      fenced("f") + "  br label %end\nend:"),
               "threads wait for others that never come\n.*64 of 128, thread .* wait for their warpgroup at", 128, 1,
               128);
}

std::string errorOf(const std::string &text) {
  std::string error;
  EXPECT_EQ(buildLibrary(text, error), "");
  return error;
}

TEST(WgmmaMisuse, NamesShapesThatAreNotThere) {
  EXPECT_NE(errorOf(kernel(product({40, WgmmaShape::S8}, numbered("m", 20), Names(20, "0"), a, "%d")))
                .find("': there is no shape m64n40k32 of these types [kernel 'k']"),
            std::string::npos);
}

TEST(WgmmaMisuse, NamesAWaitThatDoesNotSayForWhat) {
  EXPECT_EQ(errorOf("declare void @llvm.nvvm.wgmma.wait_group.sync.aligned(i64)\ndefine ptx_kernel void @k() {\n"
                    "  call void @llvm.nvvm.wgmma.wait_group.sync.aligned(i64 0)\n  ret void\n}"),
            "the emulator does not know intrinsic llvm.nvvm.wgmma.wait_group.sync.aligned [kernel 'k']\n");
}

} // namespace
} // namespace lapidary::cuda::emulator::test
