//===- Matmul.cpp - lap_op_matmul and lap_op_quantize ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The lanes of a matmul claim ranges of the weight's row tiles: each weight byte is read by one lane, once.
//===----------------------------------------------------------------------===//
#include "Claims.h"
#include "Kernels.h"
#include "Observe.h"
#include "Product.h"
#include "Work.h"

using namespace lap;

extern "C" void lap_op_matmul(const lap_step *step, const lap_matmul_args *args, lap_kernel *matvec, lap_kernel *matmat,
                              uint32_t lane, uint32_t lanes) {
  const lap_weight &w = args->w;
  const uint32_t rows = rowsOf(step, args->out), tiles = w.rows / LAP_ROW_TILE, most = itemTiles(w);
  if (step->observer) {
    observe(step, w, args->x, lane, lanes);
  }
  Claims claims(step, (tiles + most - 1) / most, lane, lanes);
  for (uint32_t item; claims.next(item);) {
    const uint32_t first = item * most, left = tiles - first;
    multiply({&w, weightBytes(step, w) + first * w.tile_bytes, left < most ? left : most, rowBytes(step, args->x, 0),
              args->x.row_bytes, rowFloats(step, args->out, 0) + static_cast<uint64_t>(first) * LAP_ROW_TILE,
              args->out.row_bytes, rows},
             {matvec, matmat});
  }
  // Rows are padded to 16, columns of the output to 32.
  if (lane == lanes - 1) {
    for (uint32_t row = 0; row < rows; ++row) {
      zeroPadding(step, args->out, row, w.rows);
    }
  }
}

extern "C" void lap_op_quantize(const lap_step *step, const lap_quantize_args *args, lap_kernel *quantize,
                                uint32_t lane, uint32_t lanes) {
  const uint32_t columns = args->x.columns;
  forColumnChunks(rowsOf(step, args->x), columns, lane, lanes, [&](uint32_t row, uint32_t first, uint32_t count) {
    const int64_t groups = count / LAP_GROUP, firstGroup = first / LAP_GROUP;
    uint8_t *out = rowBytes(step, args->out, row);
    Array x(rowFloats(step, args->x, row) + first, {LAP_GROUP, 1}, {groups, LAP_GROUP});
    Array values(out + first, {LAP_GROUP, 1}, {groups, LAP_GROUP});
    Array scales(out + columns + firstGroup * 4, {groups, 1});
    Array sums(out + columns + columns / LAP_GROUP * 4 + firstGroup * 4, {groups, 1});
    kernelCast<QuantizeKernel>(quantize)(x, scales, sums, values);
  });
}
