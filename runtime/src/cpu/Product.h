//===- Product.h - one block of a matrix product --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What lap_op_matmul and lap_op_expert_matmul share: rows of activations times a range of a matrix's row tiles.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CPU_PRODUCT_H
#define LAPIDARY_RUNTIME_CPU_PRODUCT_H

#include "lapidary/ProgramAbi.h"

namespace lap {

/// rows x (tiles * 16) outputs. `x` and `out` point at the first row, `out` also at the first tile's column.
struct Product {
  const lap_weight *weight;
  const uint8_t *tiles; // first tile
  uint32_t tile_count;  // of a stream
  const uint8_t *x;     // rows of `element`
  uint64_t x_row_bytes;
  uint32_t element; // lap_element
  float *out;
  uint64_t out_row_bytes;
  uint32_t rows;
  float input_step = 0; // the scale of i8 rows
  float out_step = 0;   // of every column of these tiles; 0: not rounded
  uint32_t streams = 1; // each begins where the one before ends
};

struct ProductKernels {
  lap_kernel *matvec, *matmat;
};

/// True when so many rows of `element` are multiplied by any number of tiles in one call: streams as long as can be.
bool readsRuns(const lap_weight &weight, uint32_t element, uint32_t rows);

/// Tiles of a matrix that are a work item with so many rows of `element` (ItemBytes.h).
uint32_t itemTiles(const lap_weight &weight, uint32_t element, uint32_t rows);

/// Streams that multiply() reads `tiles` tiles of a matrix in, for so many rows of `element`.
uint32_t streamsOf(const lap_weight &weight, uint32_t tiles, uint32_t element, uint32_t rows);

/// Computes all rows: one with matvec, others in blocks of 8, 4 and what is left with matmat. The tiles should fit the
/// second level cache.
void multiply(const Product &product, const ProductKernels &kernels);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CPU_PRODUCT_H
