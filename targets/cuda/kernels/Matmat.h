//===- Matmat.h - products of many rows: the shape of a block ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A block of 4 warps has 64 weight rows and 32 or 64 token rows: 2 warps share the tokens' halves, 2 the rows' halves,
// so that a warp has 2 tiles and 2 or 4 blocks of 8 tokens, an mma each. Weights are the operand A and go from global
// memory to registers, a stage of columns ahead; activations are B and go through shared memory (TokenStage.h).
//
// mma leaves open which row of a tile is row g of a fragment, as long as results are read the same way: rows g and
// g + 8 of a fragment are rows 2 g and 2 g + 1 of the tile here, so that a lane loads both at once and stores both at
// once. The same goes for columns, if A and B agree.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_MATMAT_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_MATMAT_H

#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Product.h"

namespace lapidary::cuda {

struct MatmatShape {
  unsigned stageColumns; ///< of activations in shared memory, twice
  unsigned tokenBlocks;  ///< of 8, of a warp
  unsigned tiles = 2;    ///< of a warp
  unsigned rowWarps = 2, tokenWarps = 2;

  unsigned threads() const { return rowWarps * tokenWarps * 32; }
  unsigned rows() const { return rowWarps * tiles * LAP_ROW_TILE; }
  unsigned tokens() const { return tokenWarps * tokenBlocks * 8; }
};

/// Where a lane is in its block, with g = lane / 4 and t = lane % 4 of the fragments.
struct MatmatLane {
  MatmatLane(KernelBuilder &k, const MatmatShape &shape);
  Val g, t;
  Val firstTile;  ///< of the warp, in the matrix
  Val firstToken; ///< of the warp, in the block
};

/// Stores a warp's sums [tiles][tokenBlocks][4], as mma leaves them.
void storeFragments(KernelBuilder &k, const Product &product, const TokenBlock &tokens, const MatmatShape &shape,
                    const MatmatLane &lane, llvm::ArrayRef<Val> sums);

/// The address of a tile of the warp; one that does not exist is the matrix' last one.
Val warpTile(KernelBuilder &k, const Product &product, const TokenBlock &tokens, const MatmatLane &lane,
             unsigned index);

// One function per file: shape and code of the kernels for a kind of weights.
MatmatShape integerMatmatShape(const ProductKind &kind);
void buildIntegerMatmat(KernelBuilder &k, const ProductKind &kind);
MatmatShape bf16MatmatShape(const ProductKind &kind);
void buildBf16Matmat(KernelBuilder &k, const ProductKind &kind);
constexpr unsigned f32MatmatRows = 64, f32MatmatTokens = 32, f32MatmatThreads = 128;
void buildF32Matmat(KernelBuilder &k, const ProductKind &kind);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_MATMAT_H
