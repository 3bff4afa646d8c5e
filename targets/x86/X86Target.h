//===- X86Target.h - programs for x86-64 Linux ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A CPU target: layouts of targets/common/packing, Halide kernels by CPU level, program functions through LLVM, static
// position-independent executables through LLD.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_X86_X86TARGET_H
#define LAPIDARY_TARGETS_X86_X86TARGET_H

#include "passes/TargetBackend.h"
#include "targets/x86/CpuLevels.h"

namespace lapidary::x86 {

std::unique_ptr<TargetBackend> createTarget();

class X86Target : public TargetBackend {
public:
  llvm::StringRef name() const override { return "x86_64-linux"; }
  llvm::StringRef summary() const override { return "x86-64 Linux: one static executable, AVX2 to AVX-512 VNNI"; }
  std::vector<std::string> cpus() const override;
  bool runsHere() const override { return nativeCpuLevel() != nullptr; }
  bool selectCpu(llvm::StringRef cpu, Diagnostics &diagnostics) override;
  std::string targetString() const override;
  std::string requiredFeatures() const override { return level->features.str(); }

  uint32_t headMultiple() const override { return 16; } // kernels work on whole vectors of a head
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

private:
  const CpuLevel *level = &cpuLevels().front();
};

} // namespace lapidary::x86

#endif // LAPIDARY_TARGETS_X86_X86TARGET_H
