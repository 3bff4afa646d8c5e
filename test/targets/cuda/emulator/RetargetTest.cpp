//===- RetargetTest.cpp - modules that cannot be emulated ------------------===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "EmulatorFixture.h"

namespace lapidary::cuda::emulator::test {

namespace {

std::string errorOf(const std::string &text) {
  std::string error;
  EXPECT_EQ(buildLibrary(text, error), "");
  return error;
}

TEST(Retarget, NamesAnIntrinsicThatIsNotKnown) {
  EXPECT_EQ(errorOf("declare void @llvm.nvvm.nanosleep(i32)\ndefine ptx_kernel void @k() {\n"
                    "  call void @llvm.nvvm.nanosleep(i32 5)\n  ret void\n}"),
            "the emulator does not know intrinsic llvm.nvvm.nanosleep [kernel 'k']\n");
}

TEST(Retarget, NamesAnExternalFunction) {
  EXPECT_EQ(errorOf("declare float @__nv_expf(float)\ndefine ptx_kernel void @k(float %x) {\n"
                    "  %y = call float @__nv_expf(float %x)\n  ret void\n}"),
            "kernels call the external function '__nv_expf', which the emulator does not have [test]\n");
}

TEST(Retarget, NamesInlineAssembly) {
  EXPECT_EQ(errorOf("define ptx_kernel void @k() {\n  call void asm sideeffect \"trap;\", \"\"()\n  ret void\n}"),
            "the emulator does not know inline assembly 'trap;' [kernel 'k']\n");
}

TEST(Retarget, NeedsAKernel) {
  EXPECT_EQ(errorOf("define void @k() {\n  ret void\n}"), "the module has no kernels [test]\n");
}

TEST(Retarget, RefusesRecursion) {
  EXPECT_EQ(errorOf("define void @f(i32 %n) {\n  %m = sub i32 %n, 1\n  call void @f(i32 %m)\n  ret void\n}\n"
                    "define ptx_kernel void @k() {\n  call void @f(i32 3)\n  ret void\n}"),
            "function 'f' cannot be inlined into its kernels [test]\n");
}

} // namespace
} // namespace lapidary::cuda::emulator::test
