//===- CudaTarget.h - programs for NVIDIA GPUs ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A program has a host half, which is that of an x86-64 CPU but for its drivers, and one module of kernels
// (docs/cuda.md). Layouts, packers and caches are those of CPU programs, with integers in two's complement.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_CUDATARGET_H
#define LAPIDARY_TARGETS_CUDA_CUDATARGET_H

#include "targets/common/cpu/CpuTarget.h"

namespace lapidary::cuda {

/// The host half: triple, resources and the levels, one for each compute capability ("sm_90").
const CpuFamily &hostFamily();

class CudaTarget : public CpuTarget {
public:
  CudaTarget();

  /// "cuda", "cuda-sm_90", "cuda-sm_80+sm_90".
  std::optional<llvm::StringRef> cpuIn(llvm::StringRef target) const override;
  bool runsHere() const override { return false; }
  bool selectCpu(llvm::StringRef cpu, Diagnostics &diagnostics) override;
  std::string targetString() const override;

  Drivers drivers() const override { return {"lap_gpu_", false}; }
  bool rounds(mlir::Operation *op, llvm::StringRef element) const override;
  bool fusesKvNorms() const override { return true; }
  std::vector<std::string> selectKernels(kernel::ComputeOpInterface op) const override;
  uint64_t laneScratchBytes(mlir::ModuleOp module) const override;
  /// PTX and the host half, and a cubin for each capability.
  uint64_t codeBytes() const override { return (4u << 20) + capabilities.size() * (768u << 10); }
  bool emitObjects(mlir::ModuleOp module, llvm::ArrayRef<char> descriptor, EmitContext &context,
                   EmittedObjects &out) const override;
  bool linkProgram(const EmittedObjects &objects, llvm::StringRef image, EmitContext &context) const override;
  bool linkLibrary(const EmittedObjects &objects, llvm::StringRef directory, llvm::StringRef name,
                   EmitContext &context) const override;

private:
  std::vector<unsigned> capabilities; ///< 10 * major + minor, ascending
};

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_CUDATARGET_H
