// KernelRegistry.cpp - every kernel lapidary-kernelgen can build.
// SPDX-License-Identifier: Apache-2.0
//
// Objects have no runtime, checks or bounds queries: the drivers in runtime/src/cpu pass buffers of the right shape.
// Floats are strict, so the result does not depend on the schedule.
#include "tools/lapidary-kernelgen/KernelRegistry.h"

#include <algorithm>
#include <numeric>

namespace lapidary {
using KernelFamilyAccess = const KernelFamily &(*)();
} // namespace lapidary
using lapidary::KernelFamily;
using lapidary::KernelFamilyAccess;

#include "targets/KernelFamilies.inc"

namespace lapidary::kernelgen {

namespace {
void addKernels(const KernelFamily &family, const CpuIsa &isa, std::vector<Kernel> &kernels) {
  for (const lapidary::detail::KernelShape &shape : lapidary::detail::kernelShapes) {
    for (lap_format format : kernelFormats(shape.op)) {
      if (family.builds(shape.op, format, isa)) {
        kernels.push_back({kernelName(shape.op, format, isa.name), shape.op, format, &family, &isa});
      }
    }
  }
}

std::string targetName(const KernelFamily &family, std::string_view cpu) {
  std::string name(family.target);
  return cpu.empty() ? name : name.append("+").append(cpu);
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
  for (KernelFamilyAccess family : kernelFamilies) {
    for (const CpuIsa &isa : family().isas) {
      addKernels(family(), isa, kernels);
    }
  }
  return kernels;
}

const CpuIsa *targetIsa(std::string_view target) {
  for (KernelFamilyAccess access : kernelFamilies) {
    const KernelFamily &family = access();
    for (const auto &[cpu, isaName] : family.cpus) {
      auto named = [name = isaName](const CpuIsa &isa) { return isa.name == name; };
      if (targetName(family, cpu) == target) {
        return &*std::find_if(family.isas.begin(), family.isas.end(), named);
      }
    }
  }
  return nullptr;
}

std::vector<std::string> knownTargets() {
  std::vector<std::string> names;
  for (KernelFamilyAccess family : kernelFamilies) {
    for (const auto &[cpu, isa] : family().cpus) {
      names.push_back(targetName(family(), cpu));
    }
  }
  return names;
}

void writeObject(const Kernel &kernel, const std::string &path) {
  const Halide::Target target(
      std::string(kernel.family->halideTarget) + "-no_runtime-no_asserts-no_bounds_query-strict_float" +
      (kernel.isa->halideFeatures.empty() ? "" : "-") + std::string(kernel.isa->halideFeatures));
  const Algorithm algorithm = kernel.family->build(kernel.op, kernel.format, *kernel.isa);
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
