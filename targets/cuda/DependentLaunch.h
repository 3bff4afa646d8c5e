//===- DependentLaunch.h - kernels that begin before their predecessors end ---===//
// SPDX-License-Identifier: Apache-2.0
//
// Kernels are built once for all devices, with the instructions of programmatic dependent launch (KernelBuilder.h).
// Devices below 9.0 do not have them. Where they are, "nobody writes this while the kernel runs" is no longer true: the
// kernel before may still do, until griddepcontrol.wait.
//
//   below 9.0:  the instructions are gone
//   others:     load .., !invariant.load (ld.global.nc)  ->  load .. (ld.global)
//
// Loads that say they are invariant may be moved in front of the wait, by LLVM and by ptxas, and go through a path that
// need not see what other kernels write (PTX ISA, ld.global.nc). Weights lose the mark, too: ld.global of the devices
// in question takes the same way through L1, and there is no store that it would have to stay behind.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_DEPENDENTLAUNCH_H
#define LAPIDARY_TARGETS_CUDA_DEPENDENTLAUNCH_H

#include "targets/cuda/Codegen.h"

namespace lapidary::cuda {

/// Makes of kernels as they were lowered those for the architecture.
void adaptDependentLaunch(llvm::Module &module, const Architecture &architecture);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_DEPENDENTLAUNCH_H
