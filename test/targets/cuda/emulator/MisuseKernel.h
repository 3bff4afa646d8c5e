//===- MisuseKernel.h - small kernels that do something wrong --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// LLVM's text form, as the emulator takes it.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_TARGETS_CUDA_EMULATOR_MISUSEKERNEL_H
#define LAPIDARY_TEST_TARGETS_CUDA_EMULATOR_MISUSEKERNEL_H

#include <string>

namespace lapidary::cuda::emulator::test {

/// A kernel @k(i64 %x) whose body sees %thread, %block, and %xs, the buffer.
inline std::string kernel(const std::string &body, const std::string &globals = "") {
  return globals + R"(
define ptx_kernel void @k(i64 %x) {
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %xs = inttoptr i64 %x to ptr addrspace(1)
)" + body +
         "\n}\n";
}

inline constexpr const char *shared = "@s = internal addrspace(3) global [64 x i32] undef\n";
inline constexpr const char *barrier = "  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n";
/// Every thread writes its slot of @s, and reads the next one's (or its own, for the last).
inline constexpr const char *writeOwnSlot = R"(
  %own = getelementptr i32, ptr addrspace(3) @s, i32 %thread
  store i32 %thread, ptr addrspace(3) %own
)";
inline constexpr const char *readNextSlot = R"(
  %following = add i32 %thread, 1
  %next = urem i32 %following, 64
  %there = getelementptr i32, ptr addrspace(3) @s, i32 %next
  %value = load i32, ptr addrspace(3) %there
  %to = getelementptr i32, ptr addrspace(1) %xs, i32 %thread
  store i32 %value, ptr addrspace(1) %to
)";

} // namespace lapidary::cuda::emulator::test

#endif // LAPIDARY_TEST_TARGETS_CUDA_EMULATOR_MISUSEKERNEL_H
