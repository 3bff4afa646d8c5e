//===- WgmmaText.h - inline assembly of wgmma, read -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// There are no intrinsics for wgmma.mma_async, so kernels have it as inline assembly, and so are its fence and its
// wait, which pass registers through, for LLVM to leave their uses behind them. These forms are known (PTX ISA 9.0,
// 9.7.15):
//
//   { .reg .pred p; setp.ne.b32 p, 1, 0; wgmma.mma_async.sync.aligned.m64n128k32.s32.s8.s8
//     {$0, .., $63}, {$128, $129, $130, $131}, $132, p; }        sums, A in registers, descriptor of B
//   .. .m64n128k16.f32.bf16.bf16 {..}, {..}, $132, p, 1, 1, 0; } nothing negated, B not transposed
//   .. .m64n128k16.f32.f16.f16 ..                                likewise
//   wgmma.fence.sync.aligned;
//   wgmma.wait_group.sync.aligned 0;
//
// where every output is tied to an input ("=r,..,0,.."), in any order of constraints.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_EMULATOR_WGMMATEXT_H
#define LAPIDARY_TARGETS_CUDA_EMULATOR_WGMMATEXT_H

#include "targets/cuda/emulator/Abi.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/InstrTypes.h"

#include <optional>
#include <string>

namespace lapidary::cuda::emulator {

struct WgmmaText {
  enum Kind { Product, Fence, Wait } kind = Fence;
  ProductType type = ProductType::S8;
  unsigned n = 0;      ///< columns of B and of the sums
  unsigned groups = 0; ///< that a wait leaves open
  // Operands, as numbers of results and of arguments of the call.
  llvm::SmallVector<unsigned> results, sums; ///< of a fence or wait: all that is passed through
  llvm::SmallVector<unsigned, 4> a;
  unsigned descriptor = 0;
};

/// What the inline assembly of `call` is; nullopt for anything but these forms, with what is wrong in `out_problem`.
std::optional<WgmmaText> readWgmma(const llvm::CallBase &call, std::string &out_problem);

} // namespace lapidary::cuda::emulator

#endif // LAPIDARY_TARGETS_CUDA_EMULATOR_WGMMATEXT_H
