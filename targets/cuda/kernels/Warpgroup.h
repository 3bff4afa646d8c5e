//===- Warpgroup.h - products of four warps together (wgmma) ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// sm_90a only. A warpgroup multiplies 64 rows of A, in registers, by N columns of B, in shared memory, and goes on
// while it does (PTX ISA 9.0, 9.7.15 "Asynchronous Warpgroup Level Matrix Multiply-Accumulate Instructions"):
//
//   store B; fenceForWarpgroup(k); k.barrier();
//   registers = warpgroupFence(k, sums and A of all products);
//   sums = warpgroupMultiply(k, .., sums); ..; warpgroupCommit(k);
//   sums = warpgroupWait(k, 0, sums);
//
// Between fence and wait nothing but further products may touch the sums, and nothing may change A or B. LLVM knows
// nothing of this; so fence and wait are assembly that all registers pass through, and what follows uses their results.
//
// Fragments: warp w of the four has rows 16 w .. 16 w + 15, and in them A and sums lie as those of mma.m16n8k32 and
// .m16n8k16 do, sums of 8 columns after those of the 8 before.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_WARPGROUP_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_WARPGROUP_H

#include "targets/cuda/kernels/KernelBuilder.h"

namespace lapidary::cuda {

constexpr unsigned warpgroupRows = 64, warpgroupThreads = 128;

/// B in shared memory: rows (of B's columns) of 128 bytes, one after the other from a multiple of 1024 on, their pieces
/// of 16 bytes exchanged so that 8 rows meet in no bank: piece p of row r is at place p ^ (r % 8).
constexpr unsigned swizzledRowBytes = 128, swizzledAlignment = 1024, swizzledPieceBytes = 16;
Val swizzledPlace(Val row, Val piece); ///< in bytes

/// The matrix descriptor (i64) of such a B. `offset` (i32) is that of the first of the K bytes (32 of every row) of its
/// row 0: a multiple of 1024, and up to 96 more.
Val swizzledDescriptor(KernelBuilder &k, Val shared, Val offset);

/// What this thread has written to shared memory is seen by the products after the next barrier.
void fenceForWarpgroup(KernelBuilder &k);
/// Gives the registers back that products may use from here on, each i32 or f32.
Vals warpgroupFence(KernelBuilder &k, llvm::ArrayRef<Val> registers);
enum class WarpgroupElement { S8, Bf16, F16 };
/// sums + A x B: A 4 words (64 x 32 s8, or 64 x 16 bf16 or f16); sums N / 2 i32 (s8) or f32.
Vals warpgroupMultiply(KernelBuilder &k, WarpgroupElement element, llvm::ArrayRef<Val> a, Val descriptor,
                       llvm::ArrayRef<Val> sums);
/// Ends a group of products.
void warpgroupCommit(KernelBuilder &k);
/// Waits until at most `pending` groups, the last ones, are not over; gives the sums.
Vals warpgroupWait(KernelBuilder &k, unsigned pending, llvm::ArrayRef<Val> sums);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_WARPGROUP_H
