//===- Matmul.cpp - lap_gpu_matmul and lap_gpu_quantize --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Few rows are bound by memory: matvec reads each weight once for 8 of them. Many rows take matmat, whose blocks have
// 64 of them and 64 weight rows. In between, where matmat has too few blocks to fill a GPU, several passes of matvec,
// which has a block for 16 weight rows, finish first (docs/cuda.md).
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Launch.h"

using namespace lap::cuda;

namespace {

constexpr uint32_t FewRows = 8;     // one pass of matvec
constexpr uint32_t SomeRows = 32;   // four passes
constexpr uint32_t FewBlocks = 128; // fewer leave multiprocessors without work: 108 on an A100, 132 on an H100

/// Whether passes of matvec beat a matmat of `blocks` blocks.
bool takesMatvec(uint32_t rows, uint32_t blocks) { return rows <= FewRows || (rows <= SomeRows && blocks < FewBlocks); }

Grid gridOf(lap_kernel *kernel, uint32_t tiles, uint32_t rows) {
  return {ceilDivide(tiles, tileOf(kernel, 0) / LAP_ROW_TILE), ceilDivide(rows, tileOf(kernel, 1))};
}

} // namespace

extern "C" void lap_gpu_matmul(const lap_step *step, const lap_matmul_args *args, lap_kernel *matvec,
                               lap_kernel *matmat, uint32_t, uint32_t) {
  const lap_buffer &x = args->x, &out = args->out;
  const lap_weight &w = args->w;
  const uint32_t rows = rowsOf(step, out), tiles = w.rows / LAP_ROW_TILE;
  const Grid many = gridOf(matmat, tiles, rows);
  lap_kernel *kernel = takesMatvec(rows, many.x * many.y) ? matvec : formFor(step, matmat, rows);
  const Grid grid = gridOf(kernel, tiles, rows);
  lap_out_step steps[LAP_STACK] = {}; // an end of 0 rounds nothing
  for (uint32_t i = 0; i < args->out_step_count && i < LAP_STACK; ++i) {
    steps[i] = args->out_steps[i];
  }
  launch<Matmul>(step, kernel, grid, addressOf(step, x), x.row_bytes, addressOf(step, w), w.tile_bytes, w.columns,
                 tiles, addressOf(step, out), out.row_bytes, rows, args->input_step, steps[0].columns_end,
                 steps[0].step, steps[1].columns_end, steps[1].step, steps[2].columns_end, steps[2].step,
                 steps[3].columns_end, steps[3].step);
  zeroPadding(step, out, w.rows); // rows of weights are padded to 32, as columns of buffers are: nothing is left
}

extern "C" void lap_gpu_quantize(const lap_step *step, const lap_quantize_args *args, lap_kernel *quantize, uint32_t,
                                 uint32_t) {
  const lap_buffer &x = args->x, &out = args->out;
  const uint32_t rows = rowsOf(step, x);
  const bool wholeRow = out.element == LAP_ROWS_R24; // one scale
  launch<Quantize>(step, quantize, wholeRow ? Grid{1, rows} : columnGrid(quantize, x.columns, rows), addressOf(step, x),
                   x.row_bytes, addressOf(step, out), out.row_bytes, x.columns, args->step);
}
