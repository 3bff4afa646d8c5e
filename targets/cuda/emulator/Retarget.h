//===- Retarget.h - kernels as host code -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Makes of a module of GPU kernels (nvptx64, as MLIR's nvvm dialect is translated) one that a CPU can run in the
// emulated device:
//
//   define ptx_kernel void @k(i64 %p) {                define void @k(i64 %p) {
//     %t = call i32 @llvm.nvvm...tid.x()                 %shared = call ptr @lap_emu_shared()
//     %a = inttoptr i64 %p to ptr addrspace(1)           %t = call i32 @lap_emu_tid_x()
//     %x = load float, ptr addrspace(1) %a         ->    %a = inttoptr i64 %p to ptr addrspace(1)
//     call void @llvm.nvvm.barrier...(i32 0)             call void @lap_emu_load(ptr %a, i32 4, i32 4, i32 0)
//                                                        %x = load float, ptr addrspace(1) %a
//                                                        call void @lap_emu_barrier(i32 0, i32 0, i32 1)
//
// and adds @k__launch, @k__kernel and the table of sites (Abi.h). Pointers of all address spaces are host pointers.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_EMULATOR_RETARGET_H
#define LAPIDARY_TARGETS_CUDA_EMULATOR_RETARGET_H

#include "support/Diagnostics.h"

#include "llvm/IR/Module.h"

namespace lapidary::cuda::emulator {

/// Changes `module` as shown above; its triple and data layout are those of the host afterwards. Reports
/// KernelBuildFailed, naming it, for an intrinsic, an external function or inline assembly that the emulated device
/// does not have, and for a module without kernels.
bool retarget(llvm::Module &module, const llvm::Triple &triple, const llvm::DataLayout &layout,
              Diagnostics &diagnostics);

} // namespace lapidary::cuda::emulator

#endif // LAPIDARY_TARGETS_CUDA_EMULATOR_RETARGET_H
