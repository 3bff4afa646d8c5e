//===- Matmul.cpp - lap_gpu_matmul and lap_gpu_quantize --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Few rows are bound by memory: matvec reads each weight once for a few of them. Many rows take the tensor cores.
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Launch.h"

using namespace lap::cuda;

namespace {

constexpr uint32_t FewRows = 8; // up to which matvec is chosen

} // namespace

extern "C" void lap_gpu_matmul(const lap_step *step, const lap_matmul_args *args, lap_kernel *matvec,
                               lap_kernel *matmat, uint32_t, uint32_t) {
  const lap_buffer &x = args->x, &out = args->out;
  const lap_weight &w = args->w;
  const uint32_t rows = rowsOf(step, out), tiles = w.rows / LAP_ROW_TILE;
  lap_kernel *kernel = rows <= FewRows ? matvec : matmat;
  const Grid grid = {ceilDivide(tiles, tileOf(kernel, 0) / LAP_ROW_TILE), ceilDivide(rows, tileOf(kernel, 1))};
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
