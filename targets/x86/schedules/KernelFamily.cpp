// KernelFamily.cpp - the kernels of x86-64: instruction set levels, CPUs, and who schedules what.
// SPDX-License-Identifier: Apache-2.0
//
// Attention is written by hand over int8 caches, and over bf16 caches where registers have 16 floats
// (targets/x86/kernels).
// avx2 is x86-64-v3, avx512 is x86-64-v4, vnni adds avx512vnni (Ice Lake server, Zen 4 and later).
#include "targets/common/PackedLayout.h"
#include "targets/x86/schedules/Schedules.h"

namespace lapidary::x86 {

namespace {
Algorithm build(KernelOp op, lap_format format, const CpuIsa &isa) {
  if (!isIntegerProduct(op, format)) {
    return buildCommonKernel(op, format, isa);
  }
  const bool manyRows = op == KernelOp::Matmat;
  if (isRowScaled(format)) {
    RowMatmul algorithm(format, isa.products, manyRows);
    schedule(algorithm, manyRows, isa);
    return algorithm;
  }
  GroupMatmul algorithm(format, isa.products);
  schedule(algorithm, manyRows, isa);
  return algorithm;
}

bool builds(KernelOp op, lap_format format, const CpuIsa &isa) {
  return op != KernelOp::AttentionSlice || format == LAP_F32 || (format == LAP_BF16 && isa.lanes < 16);
}
} // namespace

const KernelFamily &kernelFamily() {
  static const KernelFamily family = {
      "x86_64-linux",
      "x86-64-linux",
      {{"avx2", "sse41-avx-f16c-fma-avx2", 8, 4, ByteProducts::Pairs, IntegerCode::Offset},
       {"avx512", "sse41-avx-f16c-fma-avx2-avx512-avx512_skylake", 16, 8, ByteProducts::Pairs, IntegerCode::Offset},
       {"vnni", "sse41-avx-f16c-fma-avx2-avx512-avx512_skylake-avx512_cannonlake-avx512_zen4", 16, 8,
        ByteProducts::Fours, IntegerCode::Offset}},
      {{"", "avx2"}, {"x86-64-v3", "avx2"}, {"x86-64-v4", "avx512"}, {"icelake-server", "vnni"}, {"znver4", "vnni"}},
      builds,
      build};
  return family;
}

} // namespace lapidary::x86
