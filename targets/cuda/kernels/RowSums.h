//===- RowSums.h - integer sums of row formats on their way out ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A block's sums go through shared memory, where a loop scales and rounds them in f64 with little code:
//
//   [planes][tokens][rows + 4] i32, so that lanes that put two rows of two tokens there meet in no bank.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_ROWSUMS_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_ROWSUMS_H

#include "targets/cuda/kernels/Product.h"

namespace lapidary::cuda {

class RowSums {
public:
  /// `rows`: of weights, a multiple of 16.
  RowSums(unsigned rows, unsigned tokens, unsigned planes);

  unsigned bytes() const { return planes * planeBytes; }
  /// Puts the sums (i32) of rows `row` (even) and the next one of a plane and token there.
  void put(KernelBuilder &k, Val memory, unsigned plane, Val token, Val row, Val first, Val second) const;
  /// Stores the outputs of the block's tokens, of the row tiles from `firstTile` on. Sums are at `factor` times their
  /// value. All threads, after a barrier.
  void scale(KernelBuilder &k, const Product &product, const TokenBlock &tokens, Val memory, Val firstTile,
             unsigned factor) const;

private:
  unsigned rows, planes, rowBytes, planeBytes;
};

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_ROWSUMS_H
