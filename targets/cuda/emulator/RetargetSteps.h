//===- RetargetSteps.h - the parts of retargeting --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Retarget.cpp runs them in this order. A kernel is one function: everything it calls has been inlined.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_EMULATOR_RETARGETSTEPS_H
#define LAPIDARY_TARGETS_CUDA_EMULATOR_RETARGETSTEPS_H

#include "targets/cuda/emulator/Retarget.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/IRBuilder.h"

#include <string>
#include <vector>

namespace lapidary::cuda::emulator {

/// Instructions that check or wait, by number; their texts become lap_emu_sites.
class Sites {
public:
  /// Numbers the instructions of a kernel that has not been changed yet: those that touch memory, and calls.
  void addKernel(llvm::Function &kernel);
  /// The number as an i32.
  llvm::Value *of(const llvm::Instruction &instruction, llvm::IRBuilder<> &builder) const {
    return builder.getInt32(numbers.lookup(&instruction));
  }
  const std::vector<std::string> &texts() const { return all; }

private:
  std::vector<std::string> all;
  llvm::DenseMap<const llvm::Instruction *, uint32_t> numbers;
};

/// What kernels have in shared memory.
using SharedBytes = llvm::DenseMap<const llvm::Function *, uint32_t>;

/// The kernels of a module: definitions with the calling convention ptx_kernel.
std::vector<llvm::Function *> kernelsOf(llvm::Module &module);

/// Gives each kernel's shared variables offsets from lap_emu_shared(). Variables of no size are dynamic shared memory,
/// behind the others. (SharedVariables.cpp)
SharedBytes placeSharedVariables(llvm::Module &module, llvm::ArrayRef<llvm::Function *> kernels);

/// The parameters through which a kernel may write to device memory (Abi.h: Kernel.writtenParameters), before anything
/// else is changed. (WrittenParameters.cpp)
uint64_t writtenParameters(llvm::Function &kernel);

/// Puts a call in front of every access. (AccessChecks.cpp)
void checkAccesses(llvm::Function &kernel, const Sites &sites);

/// Replaces inline assembly, which is wgmma's, by calls of the emulated device. (Assembly.cpp)
bool replaceAssembly(llvm::Function &kernel, const Sites &sites, Diagnostics &diagnostics);

/// Replaces the intrinsics of NVVM by calls of the emulated device. (Intrinsics.cpp)
bool replaceIntrinsics(llvm::Function &kernel, const Sites &sites, Diagnostics &diagnostics);

/// Adds NAME__launch and NAME__kernel (Abi.h) and makes the kernel an internal function. (Descriptors.cpp)
bool describeKernel(llvm::Function &kernel, uint32_t sharedBytes, uint64_t writtenParameters, Diagnostics &diagnostics);
/// Adds lap_emu_sites and lap_emu_site_count.
void describeSites(llvm::Module &module, const Sites &sites);

} // namespace lapidary::cuda::emulator

#endif // LAPIDARY_TARGETS_CUDA_EMULATOR_RETARGETSTEPS_H
