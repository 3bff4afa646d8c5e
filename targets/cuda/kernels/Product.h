//===- Product.h - what the products share: parameters, blocks, results ------===//
// SPDX-License-Identifier: Apache-2.0
//
// A product's block has some row tiles of the weights and some token rows. Plain and routed products differ only in
// which rows of x and out, and which expert's weights, these are; TokenBlock says so, and the kernels (Matvec.cpp,
// Matmat*.cpp) know no other difference. Parameter lists: runtime/src/cuda/Kernels.h, Matmul and ExpertMatmul.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_PRODUCT_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_PRODUCT_H

#include "targets/cuda/kernels/KernelBuilder.h"

#include "lapidary/ProgramAbi.h"

#include <array>
#include <string>

namespace lapidary::cuda {

/// Formats of a product and whether its rows are routed to experts.
struct ProductKind {
  lap_format weight;
  lap_element input;
  bool routed;

  /// int8 planes of an input row; 0 for floats.
  unsigned planes() const;
  /// "w4g32_bf16s_q8-expert_matvec-" and so on, for op "matvec" or "matmat".
  std::string namePrefix(const char *op) const;
};

/// All products the target has kernels for.
llvm::ArrayRef<ProductKind> productKinds();

/// The parameters, of both lists: those the other list has only are null.
struct Product {
  Product(KernelBuilder &k, const ProductKind &kind);

  ProductKind kind;
  Val x, xBytes, weights, tileBytes, columns, tiles, out, outBytes;
  Val rows, inputStep;                                        // Matmul
  std::array<Val, LAP_STACK> stepEnds, steps;                 // Matmul
  Val expertBytes, order, experts, rowsPerSource, routedRows; // ExpertMatmul
};

/// The token rows of a block: `count` of them. Every thread of the block has the same.
struct TokenBlock {
  Val weights; ///< address of the matrix (of the expert's one)
  Val first;   ///< number (routed: place in the order) of the first row
  Val count;   ///< 1 or more
};

/// Calls body with the rows of blockIdx.y, at most `rowsPerBlock`: blocks of rows; with routed rows, those of all
/// experts in turn. A block that has none does nothing. `body` may do things together.
void forTokens(KernelBuilder &k, const Product &product, unsigned rowsPerBlock,
               llvm::function_ref<void(const TokenBlock &)> body);
/// The same for a matvec, where blockIdx.y of routed rows is a place in their order: every `most`-th row of an expert,
/// from the first on, has a block that does the following ones, too.
void forFewTokens(KernelBuilder &k, const Product &product, unsigned most,
                  llvm::function_ref<void(const TokenBlock &)> body);

/// Addresses of the input and of the output row `index` (below count) of a block.
Val inputRow(KernelBuilder &k, const Product &product, const TokenBlock &tokens, Val index);
Val outputRow(KernelBuilder &k, const Product &product, const TokenBlock &tokens, Val index);

/// Bytes of one q8 plane of a row: the planes of q24 rows are as far apart.
Val groupPlaneBytes(Val columns);

/// What becomes of a row format's integer sums, one per plane, of weights at `factor` times their value:
/// targets/common/ algorithms/Matmul.h, RowMatmul. `weightScale`: f32 of the weight row `row` (i32); `inputRow`: its
/// address.
Val scaleRowSums(KernelBuilder &k, const Product &product, llvm::ArrayRef<Val> sums, unsigned factor, Val weightScale,
                 Val inputScale, Val row);
/// The scale of an i8 or r24 input row, f32.
Val rowInputScale(KernelBuilder &k, const Product &product, Val inputRow);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_PRODUCT_H
