//===- TokenStage.h - integer activations of a block in shared memory --------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two stages of `columns` columns of all planes of a block's token rows: while one is multiplied, the other is filled
// by asynchronous copies. Rows of tokens that do not exist and columns behind the last one are zero.
//
//   stage:  plane 0, 1, ..: int8 [tokens][columns + padding];  then (groups) plane 0, 1, ..: float [tokens][2 groups]
//
// Lane 4 g + t loads 4, 8 or 16 bytes of token g from column 4 t, 8 t or 16 t on, and 32, 16 or 8 lanes at once should
// meet in no bank: the padding of four times these bytes makes rows an odd multiple of 4, 8 or 16 banks.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_TOKENSTAGE_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_TOKENSTAGE_H

#include "targets/cuda/kernels/Product.h"

namespace lapidary::cuda {

class TokenStage {
public:
  /// `bytesPerLane`: what a lane loads of a token at once (4, 8, 16).
  TokenStage(unsigned tokens, unsigned columns, unsigned planes, bool grouped, unsigned bytesPerLane);

  unsigned bytes() const { return 2 * stageBytes; }
  /// Prepares the copies of this thread; `memory` is bytes() of shared memory.
  void start(KernelBuilder &k, const Product &product, const TokenBlock &tokens, Val memory);
  /// Starts filling a stage (`which`: 0 or 1, i32) with the columns from `stage * columns` on.
  void fill(KernelBuilder &k, Val stage, Val which) const;

  /// Loads from a stage.
  Val values(KernelBuilder &k, mlir::Type type, Val which, unsigned plane, Val token, Val column) const;
  /// f32 [2 tokens][2 groups] from an even token on.
  Val scales(KernelBuilder &k, Val which, unsigned plane, Val token) const;

private:
  struct Source {
    Val row;    ///< address
    Val exists; ///< i1
  };
  Source source(KernelBuilder &k, const Product &product, const TokenBlock &tokens, Val token) const;

  unsigned tokens, columns, planes, rowBytes, stageBytes;
  bool grouped;
  Val memory, allColumns;
  llvm::SmallVector<Source> pieces; ///< one for each token whose pieces of 16 bytes this thread copies
  Source scaled;                    ///< the token whose scales it copies
};

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_TOKENSTAGE_H
