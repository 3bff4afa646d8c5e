// KernelRegistry.cpp - every kernel lapidary-kernelgen can build.
// SPDX-License-Identifier: Apache-2.0
//
// Objects have no runtime, checks or bounds queries: the drivers in runtime/src/cpu pass buffers of the right shape.
// Floats are strict, so the result does not depend on the schedule.
#include "tools/lapidary-kernelgen/KernelRegistry.h"

#include "targets/common/PackedLayout.h"
#include "targets/x86/schedules/Schedules.h"

#include <numeric>
#include <utility>

namespace lapidary::kernelgen {

using namespace x86;

namespace {
constexpr std::pair<std::string_view, std::string_view> targets[] = {
    {"x86_64-linux", "avx2"},
    {"x86_64-linux+x86-64-v3", "avx2"},
    {"x86_64-linux+x86-64-v4", "avx512"},
    {"x86_64-linux+icelake-server", "vnni"},
    {"x86_64-linux+znver4", "vnni"},
};

template <typename T> Algorithm scheduled(T algorithm, const X86Isa &isa) {
  schedule(algorithm, isa);
  return algorithm;
}

Algorithm scheduledMatmul(lap_format format, bool manyRows, const X86Isa &isa) {
  if (format == LAP_F32 || format == LAP_BF16) {
    FloatMatmul algorithm(format);
    schedule(algorithm, manyRows, isa);
    return algorithm;
  }
  if (isRowScaled(format)) {
    RowMatmul algorithm(format, isa.products, manyRows);
    schedule(algorithm, manyRows, isa);
    return algorithm;
  }
  GroupMatmul algorithm(format, isa.products);
  schedule(algorithm, manyRows, isa);
  return algorithm;
}

Algorithm scheduledEmbed(lap_format format, const X86Isa &isa) {
  if (format == LAP_F32 || format == LAP_BF16) {
    return scheduled(EmbedFloat(format), isa);
  }
  if (isRowScaled(format)) {
    return scheduled(EmbedRow(format), isa);
  }
  return scheduled(EmbedGroup(format), isa);
}

Algorithm build(const Kernel &kernel, const X86Isa &isa) {
  switch (kernel.op) {
  case KernelOp::Matvec:
    return scheduledMatmul(kernel.format, false, isa);
  case KernelOp::Matmat:
    return scheduledMatmul(kernel.format, true, isa);
  case KernelOp::Embed:
    return scheduledEmbed(kernel.format, isa);
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
    return scheduled(KvAppend(kernel.format), isa);
  case KernelOp::AttentionSlice:
    return scheduled(AttentionSlice(kernel.format), isa);
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

size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t(0));
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}
} // namespace

std::vector<Kernel> allKernels() {
  std::vector<Kernel> kernels;
  for (std::string_view isa : {"avx2", "avx512", "vnni"}) {
    for (const lapidary::detail::KernelShape &shape : lapidary::detail::kernelShapes) {
      for (lap_format format : kernelFormats(shape.op)) {
        kernels.push_back({kernelName(shape.op, format, isa), shape.op, format, isa});
      }
    }
  }
  return kernels;
}

std::optional<std::string_view> targetIsa(std::string_view target) {
  for (const auto &[name, isa] : targets) {
    if (name == target) {
      return isa;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> knownTargets() {
  std::vector<std::string_view> names;
  for (const auto &[name, isa] : targets) {
    names.push_back(name);
  }
  return names;
}

void writeObject(const Kernel &kernel, const std::string &path) {
  const X86Isa *isa = findIsa(kernel.isa);
  const Halide::Target target("x86-64-linux-no_runtime-no_asserts-no_bounds_query-strict_float-" +
                              std::string(isa->halideFeatures));
  const Algorithm algorithm = build(kernel, *isa);
  Halide::Module module = algorithm.pipeline().compile_to_module(algorithm.arguments, kernelSymbol(kernel.name), target,
                                                                 Halide::LinkageType::External);
  module.compile({{Halide::OutputFileType::object, path}});
}

std::string closest(std::string_view word, const std::vector<std::string> &candidates) {
  std::string best;
  size_t bestDistance = word.size() / 2 + 1;
  for (const std::string &candidate : candidates) {
    const size_t distance = editDistance(word, candidate);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

} // namespace lapidary::kernelgen
