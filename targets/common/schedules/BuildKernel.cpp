// BuildKernel.cpp - from a kernel's name to its scheduled algorithm.
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/schedules/KernelFamily.h"

#include "targets/common/PackedLayout.h"

namespace lapidary {

namespace {
template <typename T> Algorithm scheduled(T algorithm, const CpuIsa &isa) {
  schedule(algorithm, isa);
  return algorithm;
}

Algorithm scheduledFloatMatmul(lap_format format, bool manyRows, const CpuIsa &isa) {
  FloatMatmul algorithm(format);
  schedule(algorithm, manyRows, isa);
  return algorithm;
}

Algorithm scheduledEmbed(lap_format format, const CpuIsa &isa) {
  if (format == LAP_F32 || format == LAP_BF16) {
    return scheduled(EmbedFloat(format), isa);
  }
  if (isRowScaled(format)) {
    return scheduled(EmbedRow(format, isa.integers), isa);
  }
  return scheduled(EmbedGroup(format, isa.integers), isa);
}
} // namespace

bool isIntegerProduct(KernelOp op, lap_format format) {
  return (op == KernelOp::Matvec || op == KernelOp::Matmat) && format != LAP_F32 && format != LAP_BF16;
}

Algorithm buildCommonKernel(KernelOp op, lap_format format, const CpuIsa &isa) {
  switch (op) {
  case KernelOp::Matvec:
    return scheduledFloatMatmul(format, false, isa);
  case KernelOp::Matmat:
    return scheduledFloatMatmul(format, true, isa);
  case KernelOp::Embed:
    return scheduledEmbed(format, isa);
  case KernelOp::Quantize:
    return scheduled(Quantize(false), isa);
  case KernelOp::QuantizeResidual:
    return scheduled(Quantize(true), isa);
  case KernelOp::QuantizeStatic:
    return scheduled<Elementwise>(QuantizeStatic(), isa);
  case KernelOp::QuantizeRow:
    return scheduled(QuantizeRow(), isa);
  case KernelOp::RmsNorm:
    return scheduled(RmsNorm(false), isa);
  case KernelOp::RmsNormStatic:
    return scheduled(RmsNorm(true), isa);
  case KernelOp::ResidualNorm:
    return scheduled(ResidualNorm(), isa);
  case KernelOp::NormRotary:
    return scheduled(NormRotary(), isa);
  case KernelOp::KvAppend:
    return scheduled(KvAppend(format), isa);
  case KernelOp::AttentionSlice:
    return scheduled(AttentionSlice(format), isa);
  case KernelOp::AttentionMerge:
    return scheduled(AttentionMerge(), isa);
  case KernelOp::GeluMul:
    return scheduled<Elementwise>(GeluMul(false), isa);
  case KernelOp::GeluMulStatic:
    return scheduled<Elementwise>(GeluMul(true), isa);
  case KernelOp::Add:
    return scheduled<Elementwise>(Add(), isa);
  case KernelOp::Scale:
    return scheduled<Elementwise>(Scale(), isa);
  case KernelOp::Softcap:
    return scheduled<Elementwise>(Softcap(), isa);
  case KernelOp::CombineExperts:
    return scheduled(CombineExperts(), isa);
  }
  return {};
}

} // namespace lapidary
