//===- CpuTarget.h - programs for a kind of CPU ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Everything x86-64 and ARM programs have in common: layouts of targets/common/packing, kernels by name and level,
// program functions through LLVM, static position-independent executables through LLD. A target's folder describes its
// CPUs in a CpuFamily and overrides what its machines want differently.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_CPU_CPUTARGET_H
#define LAPIDARY_TARGETS_COMMON_CPU_CPUTARGET_H

#include "passes/TargetBackend.h"
#include "targets/common/cpu/CpuFamily.h"

namespace lapidary {

class CpuTarget : public TargetBackend {
public:
  explicit CpuTarget(const CpuFamily &family) : family(family), level(&family.levels.front()) {}

  llvm::StringRef name() const override { return family.name; }
  llvm::StringRef summary() const override { return family.summary; }
  std::vector<std::string> cpus() const override;
  bool runsHere() const override { return nativeLevel(family) != nullptr; }
  bool selectCpu(llvm::StringRef cpu, Diagnostics &diagnostics) override;
  std::string targetString() const override;
  std::string requiredFeatures() const override { return level->features.str(); }

  uint32_t headMultiple() const override { return 16; } // kernels work on whole vectors of a head
  uint64_t addressSpaceBytes() const override { return family.addressSpaceBytes; }
  kernel::PackedType packedType(llvm::ArrayRef<int64_t> shape, gemma::FormatAttr format, WeightUse use) const override;
  uint64_t packedBytes(kernel::PackedType type) const override;
  std::unique_ptr<WeightPacker> packer(kernel::PackedType type, llvm::ArrayRef<float> moments) const override;
  lap_weight describeWeight(kernel::PackedType type) const override;
  kernel::CacheAttr cacheGeometry(mlir::MLIRContext *context, int64_t heads, int64_t dim, int64_t window,
                                  const ProgramOptions &options) const override;
  uint64_t cacheBytes(kernel::CacheAttr geometry, int64_t heads, int64_t dim, uint64_t &keyBytes) const override;

  std::vector<std::string> selectKernels(kernel::ComputeOpInterface op) const override;
  uint64_t laneScratchBytes(mlir::ModuleOp module) const override;
  bool emitObjects(mlir::ModuleOp module, llvm::ArrayRef<char> descriptor, EmitContext &context,
                   EmittedObjects &out) const override;
  bool linkProgram(const EmittedObjects &objects, llvm::StringRef image, EmitContext &context) const override;
  bool linkLibrary(const EmittedObjects &objects, llvm::StringRef directory, llvm::StringRef name,
                   EmitContext &context) const override;

protected:
  const CpuFamily &family;
  const CpuLevel *level;
};

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_CPU_CPUTARGET_H
