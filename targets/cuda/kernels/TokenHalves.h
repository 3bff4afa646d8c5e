//===- TokenHalves.h - q8 activations of a block as f16 in shared memory ------===//
// SPDX-License-Identifier: Apache-2.0
//
// For products of a warpgroup (Warpgroup.h): two stages of 64 columns of a block's token rows, of which one is written
// while the other is multiplied. Four threads have a token, a piece of 16 columns each. What they turn into f16
// (GroupHalves.h) comes through a queue of its own. Columns behind the last one and tokens that do not exist are
// zero.
//
//   stages:  f16 [2][tokens][64 columns], rows of 128 bytes, swizzled
//   queue:   int8 [16] and float of each of a thread's tokens (ThreadQueue.h)
//   powers:  float [tokens], the powers of two that scales were multiplied by
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_TOKENHALVES_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_TOKENHALVES_H

#include "targets/cuda/kernels/GroupHalves.h"
#include "targets/cuda/kernels/Product.h"
#include "targets/cuda/kernels/ThreadQueue.h"

namespace lapidary::cuda {

class TokenHalves {
public:
  static constexpr unsigned columns = 64;      ///< of a stage
  static constexpr unsigned stepColumns = 16;  ///< of a product, in the order of GroupHalves
  static constexpr unsigned threadsAToken = 4; ///< neighbours

  /// `tokens` of a block of `threads`.
  TokenHalves(unsigned tokens, unsigned threads);

  unsigned bytes() const { return powersAt + tokens * 4; }
  unsigned ownTokens() const { return tokens * threadsAToken / threads; }

  /// `memory`: bytes() of shared memory, from a multiple of 1024 on.
  void start(KernelBuilder &k, const Product &product, const TokenBlock &block, Val memory);
  /// The bits of the scales of a group of the thread's tokens.
  Vals scales(KernelBuilder &k, Val group) const;
  /// Sets the powers. `largest`: bits of the largest magnitude of the thread's tokens' scales. A barrier must follow.
  void setPowers(KernelBuilder &k, llvm::ArrayRef<Val> largest) const;
  /// Starts copying a stage to the queue.
  void fill(KernelBuilder &k, Val stage) const;
  /// Turns a stage, whose copies have been waited for, into f16.
  void share(KernelBuilder &k, const GroupHalves &halves, Val stage) const;
  /// Of the operand B: the columns of step 0 .. 3 of a stage.
  Val descriptor(KernelBuilder &k, Val stage, unsigned step) const;
  /// The powers' reciprocals of a token and the next one, f32.
  Vals reciprocals(KernelBuilder &k, Val token) const;

private:
  Val ownPower(unsigned token) const { return (firstToken + token * tokensAtOnce) * 4 + powersAt; }

  unsigned tokens, threads, tokensAtOnce, stageBytes;
  ThreadQueue queue; ///< words of all own tokens, then their scales
  unsigned powersAt;
  Val memory, allColumns;
  Val piece, firstToken; ///< of the block, that this thread has
  Val behind;            ///< tokens of the block from that one on
  Vals rows;             ///< addresses of the thread's tokens' rows; of the last one's for those that do not exist
};

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_TOKENHALVES_H
