//===- WarpTest.cpp - shuffles, votes, reductions, asynchronous copies -----===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "EmulatorFixture.h"

#include <functional>

namespace lapidary::cuda::emulator::test {

namespace {

/// What 32 lanes get from `body`, which makes an i32 %result of %lane and %value (lane * lane + 3).
std::vector<int32_t> resultsOf(const std::string &body, const std::string &declarations) {
  Kernels kernels(declarations + R"(
define ptx_kernel void @k(i64 %y) {
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %square = mul i32 %lane, %lane
  %value = add i32 %square, 3
)" + body + R"(
  %ys = inttoptr i64 %y to ptr addrspace(1)
  %to = getelementptr i32, ptr addrspace(1) %ys, i32 %lane
  store i32 %result, ptr addrspace(1) %to
  ret void
})");
  kernels.load();
  Buffer<int32_t> y(32);
  EXPECT_EQ(launch(kernels.function("k"), 1, 32, 0, y.address), CUDA_SUCCESS);
  return y.read();
}

void expectLanes(const std::vector<int32_t> &got, const std::function<int32_t(int)> &expected) {
  for (int lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(got[size_t(lane)], expected(lane)) << "lane " << lane;
  }
}

int32_t value(int lane) { return lane * lane + 3; }

std::vector<int32_t> shuffled(const std::string &mode, int b, int c) {
  const std::string name = "@llvm.nvvm.shfl.sync." + mode + ".i32(i32";
  return resultsOf("  %result = call i32 " + name + " -1, i32 %value, i32 " + std::to_string(b) + ", i32 " +
                       std::to_string(c) + ")",
                   "declare i32 " + name + ", i32, i32, i32)\n");
}

TEST(Warp, ShufflesStayWhereTheSourceIsOutOfRange) {
  expectLanes(shuffled("up", 3, 0), [](int lane) { return value(lane >= 3 ? lane - 3 : lane); });
  expectLanes(shuffled("down", 5, 31), [](int lane) { return value(lane + 5 < 32 ? lane + 5 : lane); });
  expectLanes(shuffled("idx", 9, 31), [](int) { return value(9); });
  expectLanes(shuffled("bfly", 6, 31), [](int lane) { return value(lane ^ 6); });
}

TEST(Warp, ShufflesInSegmentsOfEightLanes) {
  const int segments = (32 - 8) << 8; // PTX: c = ((32 - width) << 8) | clamp
  expectLanes(shuffled("down", 3, segments | 31), [](int lane) { return value(lane % 8 + 3 < 8 ? lane + 3 : lane); });
  expectLanes(shuffled("up", 3, segments), [](int lane) { return value(lane % 8 >= 3 ? lane - 3 : lane); });
  expectLanes(shuffled("idx", 2, segments | 31), [](int lane) { return value(lane / 8 * 8 + 2); });
}

TEST(Warp, ShufflesOfFloatsSayWhetherTheyWereInRange) {
  const std::string name = "@llvm.nvvm.shfl.sync.down.f32p(i32";
  expectLanes(resultsOf("  %f = sitofp i32 %value to float\n  %pair = call {float, i1} " + name +
                            " -1, float %f, i32 4, i32 31)\n"
                            "  %got = extractvalue {float, i1} %pair, 0\n  %in = extractvalue {float, i1} %pair, 1\n"
                            "  %number = fptosi float %got to i32\n  %result = select i1 %in, i32 %number, i32 -1",
                        "declare {float, i1} " + name + ", float, i32, i32)\n"),
              [](int lane) { return lane + 4 < 32 ? value(lane + 4) : -1; });
}

TEST(Warp, Votes) {
  const std::string declarations = "declare i32 @llvm.nvvm.vote.ballot.sync(i32, i1)\n"
                                   "declare i1 @llvm.nvvm.vote.any.sync(i32, i1)\n"
                                   "declare i1 @llvm.nvvm.vote.all.sync(i32, i1)\n";
  const std::string odd = "  %bit = and i32 %lane, 1\n  %odd = icmp eq i32 %bit, 1\n";
  expectLanes(resultsOf(odd + "  %result = call i32 @llvm.nvvm.vote.ballot.sync(i32 -1, i1 %odd)", declarations),
              [](int) { return int32_t(0xaaaaaaaau); });
  expectLanes(resultsOf(odd + "  %r = call i1 @llvm.nvvm.vote.any.sync(i32 -1, i1 %odd)\n"
                              "  %result = zext i1 %r to i32",
                        declarations),
              [](int) { return 1; });
  expectLanes(resultsOf(odd + "  %r = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %odd)\n"
                              "  %result = zext i1 %r to i32",
                        declarations),
              [](int) { return 0; });
}

TEST(Warp, ReductionsOfTwoHalves) {
  // Each half has a mask of its own; they meet at the same instruction.
  const std::string half = "  %low = icmp ult i32 %lane, 16\n  %mask = select i1 %low, i32 65535, i32 -65536\n"
                           "  %result = call i32 @llvm.nvvm.redux.sync.";
  auto reduced = [&](const std::string &name) {
    return resultsOf(half + name + "(i32 %value, i32 %mask)",
                     "declare i32 @llvm.nvvm.redux.sync." + name + "(i32, i32)\n");
  };
  auto sum = [](int from) {
    int32_t total = 0;
    for (int lane = from; lane < from + 16; ++lane) {
      total += value(lane);
    }
    return total;
  };
  expectLanes(reduced("add"), [&](int lane) { return sum(lane / 16 * 16); });
  expectLanes(reduced("max"), [](int lane) { return value(lane / 16 * 16 + 15); });
  expectLanes(reduced("umin"), [](int lane) { return value(lane / 16 * 16); });
}

TEST(Warp, MatchFindsEqualValues) {
  expectLanes(resultsOf("  %third = urem i32 %lane, 3\n"
                        "  %result = call i32 @llvm.nvvm.match.any.sync.i32(i32 -1, i32 %third)",
                        "declare i32 @llvm.nvvm.match.any.sync.i32(i32, i32)\n"),
              [](int lane) {
                uint32_t mask = 0;
                for (int other = lane % 3; other < 32; other += 3) {
                  mask |= 1u << other;
                }
                return int32_t(mask);
              });
}

TEST(Scalars, ConversionsToBf16RoundToEvenAndPutTheFirstOperandHigh) {
  const std::string declaration = "declare <2 x bfloat> @llvm.nvvm.ff2bf16x2.rn(float, float)\n";
  // 1 + 2^-8 is a tie and goes to 1.0 (0x3f80); 1 + 3 * 2^-8 is one and goes up, to 0x3f82.
  expectLanes(resultsOf("  %pair = call <2 x bfloat> @llvm.nvvm.ff2bf16x2.rn(float 0x3FF0100000000000, "
                        "float 0x3FF0300000000000)\n  %result = bitcast <2 x bfloat> %pair to i32",
                        declaration),
              [](int) { return 0x3f803f82; });
  expectLanes(resultsOf("  %f = sitofp i32 %value to float\n  %b = fptrunc float %f to bfloat\n"
                        "  %w = fpext bfloat %b to float\n  %result = fptosi float %w to i32",
                        ""),
              [](int lane) {
                const int32_t v = value(lane), unit = v >= 512 ? 4 : v >= 256 ? 2 : 1, low = v / unit * unit;
                const int32_t rest = 2 * (v - low);
                return rest < unit || (rest == unit && low / unit % 2 == 0) ? low : low + unit;
              });
}

TEST(Scalars, F16IsRoundedToEvenAndOnce) {
  // 1 + 2^-11 is a tie and goes to 1.0 (0x3c00); 1 + 3 * 2^-11 is one and goes up, to 0x3c02.
  expectLanes(resultsOf("  %pair = call <2 x half> @llvm.nvvm.ff2f16x2.rn(float 0x3FF0020000000000, "
                        "float 0x3FF0060000000000)\n  %result = bitcast <2 x half> %pair to i32",
                        "declare <2 x half> @llvm.nvvm.ff2f16x2.rn(float, float)\n"),
              [](int) { return 0x3c003c02; });
  // 2^-5 (1 + 2^-10) times 2^-6 (1 - 2^-10) is 2^-11 - 2^-31, just below half of c's last bit; as f32 it is a tie.
  expectLanes(resultsOf("  %bits = add i32 %lane, 15360\n  %short = trunc i32 %bits to i16\n"
                        "  %c = bitcast i16 %short to half\n"
                        "  %f = call half @llvm.fma.f16(half 0xH2801, half 0xH23FE, half %c)\n"
                        "  %half = bitcast half %f to i16\n  %result = zext i16 %half to i32",
                        "declare half @llvm.fma.f16(half, half, half)\n"),
              [](int lane) { return 0x3c00 + lane; });
}

TEST(Scalars, BytesOfIntegers) {
  expectLanes(resultsOf("  %result = call i32 @llvm.nvvm.prmt(i32 -2128394905, i32 19088743, i32 46657)",
                        "declare i32 @llvm.nvvm.prmt(i32, i32, i32)\n"),
              // a = 0x81234567, b = 0x01234567; selector 0xb641: bytes 1, 4, 6 and the sign of byte 3
              [](int) { return int32_t(0xff236745u); });
  expectLanes(resultsOf("  %result = call i32 @llvm.nvvm.idp4a.s.s(i32 -66051, i32 67305985, i32 %lane)",
                        "declare i32 @llvm.nvvm.idp4a.s.s(i32, i32, i32)\n"),
              // -66051 = 0xfffefdfd: -3, -3, -2, -1; 67305985 = 0x04030201: 1, 2, 3, 4
              [](int lane) { return lane - 3 - 6 - 6 - 4; });
}

TEST(Warp, AsynchronousCopiesArriveGroupByGroup) {
  Kernels kernels(R"(
@s = internal addrspace(3) global [64 x i32] undef, align 16
declare void @llvm.nvvm.cp.async.ca.shared.global.4(ptr addrspace(3), ptr addrspace(1))
declare void @llvm.nvvm.cp.async.ca.shared.global.4.s(ptr addrspace(3), ptr addrspace(1), i32)
declare void @llvm.nvvm.cp.async.commit.group()
declare void @llvm.nvvm.cp.async.wait.group(i32)
declare void @llvm.nvvm.cp.async.wait.all()
define ptx_kernel void @k(i64 %x, i64 %y) {
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %xs = inttoptr i64 %x to ptr addrspace(1)
  %ys = inttoptr i64 %y to ptr addrspace(1)
  %from = getelementptr i32, ptr addrspace(1) %xs, i32 %lane
  %first = getelementptr i32, ptr addrspace(3) @s, i32 %lane
  %second = getelementptr i32, ptr addrspace(3) %first, i32 32
  call void @llvm.nvvm.cp.async.ca.shared.global.4(ptr addrspace(3) %first, ptr addrspace(1) %from)
  call void @llvm.nvvm.cp.async.commit.group()
  call void @llvm.nvvm.cp.async.ca.shared.global.4.s(ptr addrspace(3) %second, ptr addrspace(1) %from, i32 2)
  call void @llvm.nvvm.cp.async.commit.group()
  call void @llvm.nvvm.cp.async.wait.group(i32 1)
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %mirror = xor i32 %lane, 31
  %there = getelementptr i32, ptr addrspace(3) @s, i32 %mirror
  %a = load i32, ptr addrspace(3) %there
  call void @llvm.nvvm.cp.async.wait.all()
  %b = load i32, ptr addrspace(3) %second
  %sum = add i32 %a, %b
  %to = getelementptr i32, ptr addrspace(1) %ys, i32 %lane
  store i32 %sum, ptr addrspace(1) %to
  ret void
})");
  kernels.load();
  std::vector<int32_t> numbers(32);
  for (int lane = 0; lane < 32; ++lane) {
    numbers[size_t(lane)] = lane * 0x10001; // the second copy takes two bytes and zeroes the others
  }
  Buffer<int32_t> x(numbers), y(32);
  ASSERT_EQ(launch(kernels.function("k"), 1, 32, 0, x.address, y.address), CUDA_SUCCESS);
  expectLanes(y.read(), [&](int lane) { return (31 - lane) * 0x10001 + lane; });
}

} // namespace
} // namespace lapidary::cuda::emulator::test
