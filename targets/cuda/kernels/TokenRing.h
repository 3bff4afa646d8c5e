//===- TokenRing.h - activations of a block for products of a warpgroup -------===//
// SPDX-License-Identifier: Apache-2.0
//
// Some stages of 128 columns (bytes) of all int8 planes of a block's token rows. Asynchronous copies fill one of them
// while others are multiplied. Rows of tokens that do not exist and columns behind the last one are zero.
//
//   stage:  plane 0, 1, ..: [tokens][128 bytes], swizzled (Warpgroup.h)
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_TOKENRING_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_TOKENRING_H

#include "targets/cuda/kernels/Product.h"

namespace lapidary::cuda {

class TokenRing {
public:
  static constexpr unsigned columns = 128; ///< of a stage

  /// `stages`: a power of two.
  TokenRing(unsigned tokens, unsigned planes, unsigned stages);

  unsigned bytes() const { return stages * stageBytes; }
  /// `memory`: bytes() of shared memory, from a multiple of 1024 on.
  void start(KernelBuilder &k, const Product &product, const TokenBlock &tokens, Val memory);
  /// Starts the copies of a stage, if there is one of that number; ends a group of copies in any case.
  void fill(KernelBuilder &k, Val stage) const;
  /// Waits for a stage, up to which (and `stages` - 2 more) fill has been called, in all threads.
  void await(KernelBuilder &k) const;
  /// Of the operand B: 32 columns, `step` 0 .. 3 of a stage, of all tokens of a plane.
  Val descriptor(KernelBuilder &k, Val stage, unsigned plane, unsigned step) const;

private:
  Val place(Val stage) const { return stage % stages * stageBytes; }

  unsigned tokens, planes, stages, planeBytes, stageBytes;
  Val memory, allColumns;
  Val firstRow, rowBytes; ///< address of the first token that this thread copies pieces of, and of the next one's
  Val behind;             ///< tokens of the block from that one on
};

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_TOKENRING_H
