//===- CpuTarget.cpp - programs for a kind of CPU -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// CPU choice, layouts and caches. Kernels are in KernelSelection.cpp, code generation in ProgramObject.cpp and
// KernelObjects.cpp, linking in Link.cpp.
//===----------------------------------------------------------------------===//
#include "targets/common/cpu/CpuTarget.h"

#include "runtime/src/cpu/LaneScratch.h"
#include "support/Quote.h"
#include "support/Suggest.h"
#include "targets/common/packing/PackedShape.h"

#include "llvm/Support/MathExtras.h"

namespace lapidary {

std::vector<std::string> CpuTarget::cpus() const {
  std::vector<std::string> names;
  for (const CpuLevel &known : family.levels) {
    names.push_back(known.name.str());
  }
  return names;
}

bool CpuTarget::selectCpu(llvm::StringRef cpu, Diagnostics &diagnostics) {
  const CpuLevel *wanted = cpu.empty()       ? &family.levels.front()
                           : cpu == "native" ? nativeLevel(family)
                                             : findLevel(family, cpu);
  if (wanted) {
    level = wanted;
    return true;
  }
  std::string all;
  for (const std::string &name : cpus()) {
    all += (all.empty() ? "" : ", ") + name;
  }
  if (cpu == "native") {
    return diagnostics.error(ErrorCode::UnknownTarget,
                             "this machine's CPU is none that " + family.name.str() + " programs run on", "",
                             "name the CPU of the machine that will run the program: " + all);
  }
  std::string near = didYouMean(cpu.str(), cpus());
  return diagnostics.error(ErrorCode::UnknownTarget,
                           "unknown CPU " + quoted(cpu.str()) + " of target " + family.name.str(), "",
                           (near.empty() ? "" : near + " ") + "known: " + all);
}

std::string CpuTarget::targetString() const { return (name() + "+" + level->name).str(); }

kernel::PackedType CpuTarget::packedType(llvm::ArrayRef<int64_t> shape, gemma::FormatAttr format, WeightUse use) const {
  return packedTypeFor(shape, format, use, {family.integers, /*scaleSteps=*/true});
}

uint64_t CpuTarget::packedBytes(kernel::PackedType type) const { return packedShape(type).totalBytes(); }

std::unique_ptr<WeightPacker> CpuTarget::packer(kernel::PackedType type, llvm::ArrayRef<float> moments) const {
  return createPacker(type, moments);
}

lap_weight CpuTarget::describeWeight(kernel::PackedType type) const { return describePacked(type); }

/// A sliding layer keeps the window of the oldest row of a chunk; slots are whole blocks of 16 keys.
kernel::CacheAttr CpuTarget::cacheGeometry(mlir::MLIRContext *context, int64_t heads, int64_t dim, int64_t window,
                                           const ProgramOptions &options) const {
  constexpr uint64_t block = 16;
  uint64_t whole = llvm::alignTo(uint64_t(options.context), block);
  uint64_t ring = llvm::alignTo(static_cast<uint64_t>(window) - 1 + options.chunk, block);
  uint64_t slots = window == 0 ? whole : std::min(ring, whole);
  return kernel::CacheAttr::get(context, static_cast<uint32_t>(slots), options.cacheElement, 0, 0);
}

uint64_t CpuTarget::cacheBytes(kernel::CacheAttr geometry, int64_t heads, int64_t dim, uint64_t &keyBytes) const {
  uint64_t element = geometry.getElement() == "i8" ? 1 : geometry.getElement() == "bf16" ? 2 : 4;
  uint64_t half = static_cast<uint64_t>(heads) * geometry.getSlots() * static_cast<uint64_t>(dim) * element;
  keyBytes = llvm::alignTo(half, uint64_t(LAP_WEIGHT_ALIGN));
  return keyBytes + half;
}

uint64_t CpuTarget::laneScratchBytes(mlir::ModuleOp module) const {
  uint64_t bytes = 0;
  module.walk([&](mlir::Operation *op) {
    if (auto cache = llvm::dyn_cast<kernel::KvCacheOp>(op)) {
      bytes = std::max(bytes, lap::attentionScratchBytes(static_cast<uint64_t>(cache.getDim())));
    } else if (auto norm = llvm::dyn_cast<kernel::NormRotaryOp>(op)) {
      int64_t columns = llvm::cast<kernel::BufferType>(norm.getInput().getType()).getColumns();
      bytes = std::max(bytes, lap::normRotaryScratchBytes(static_cast<uint64_t>(columns / norm.getHeads())));
    } else if (auto product = llvm::dyn_cast<kernel::ExpertMatmulOp>(op)) {
      mlir::Value input = product.getInput();
      while (auto view = input.getDefiningOp<kernel::ColumnsOp>()) {
        input = view.getInput();
      }
      auto type = llvm::cast<kernel::BufferType>(input.getType());
      bytes = std::max(bytes, lap::expertMatmulScratchBytes(static_cast<uint64_t>(type.getRowBytes())));
    }
  });
  return llvm::alignTo(bytes, uint64_t(LAP_WEIGHT_ALIGN));
}

} // namespace lapidary
