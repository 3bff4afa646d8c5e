// KernelFamily.cpp - the kernels of 64-bit ARM that Halide makes: everything but products of integer matrices.
// SPDX-License-Identifier: Apache-2.0
//
// Those are written by hand (targets/arm/kernels), because Halide has no matrix products of bytes and keeps too few
// sums in registers for the dot products.
#include "targets/common/schedules/KernelFamily.h"

namespace lapidary::arm {

const KernelFamily &kernelFamily() {
  static const KernelFamily family = {
      "aarch64-linux",
      "arm-64-linux",
      {{"neon", "", 4, 4, ByteProducts::Fours, IntegerCode::Signed},
       {"dotprod", "armv82a-arm_dot_prod", 4, 4, ByteProducts::Fours, IntegerCode::Signed},
       {"i8mm", "armv86a-arm_dot_prod", 4, 4, ByteProducts::Fours, IntegerCode::Signed}},
      {{"", "dotprod"}, {"armv8-a", "neon"}, {"cortex-a76", "dotprod"}, {"neoverse-v1", "i8mm"}},
      [](KernelOp op, lap_format format, const CpuIsa &) { return !isIntegerProduct(op, format); },
      buildCommonKernel};
  return family;
}

} // namespace lapidary::arm
