//===- Norms.cpp - GPU drivers of norms and rotary embedding ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Kernels.h for the grids. Padding of an output that is another buffer than the input becomes zero; in place, it is
// zero already, or (in a column view) another buffer's.
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Launch.h"

using namespace lap::cuda;

extern "C" void lap_gpu_rms_norm(const lap_step *step, const lap_rms_norm_args *args, lap_kernel *rms_norm, uint32_t,
                                 uint32_t) {
  const lap_buffer &x = args->x, &out = args->out;
  const bool clears = out.element != LAP_ROWS_F32 || !sameBuffer(x, out);
  launch<RmsNorm>(step, rms_norm, {args->heads, rowsOf(step, x)}, addressOf(step, x), x.row_bytes,
                  addressOf(step, args->w), addressOf(step, out), out.row_bytes, args->width, args->eps,
                  clears ? out.columns : 0u, args->step);
}

extern "C" void lap_gpu_residual_norm(const lap_step *step, const lap_residual_norm_args *args,
                                      lap_kernel *residual_norm, uint32_t, uint32_t) {
  const lap_buffer &residual = args->residual, &x = args->x, &out = args->out;
  launch<ResidualNorm>(step, residual_norm, {1, rowsOf(step, out)}, addressOf(step, residual), residual.row_bytes,
                       addressOf(step, x), x.row_bytes, addressOf(step, args->w), addressOf(step, args->scale),
                       addressOf(step, out), out.row_bytes, args->width, out.columns, args->eps);
}

extern "C" void lap_gpu_residual_norm_rounded(const lap_step *step, const lap_residual_norm_rounded_args *args,
                                              lap_kernel *residual_norm_rounded, uint32_t, uint32_t) {
  const lap_residual_norm_args &sum = args->sum;
  launch<ResidualNormRounded>(step, residual_norm_rounded, {1, rowsOf(step, sum.out)}, addressOf(step, sum.residual),
                              sum.residual.row_bytes, addressOf(step, sum.x), sum.x.row_bytes, addressOf(step, sum.w),
                              addressOf(step, sum.scale), addressOf(step, sum.out), sum.out.row_bytes, sum.width,
                              sum.out.columns, sum.eps, addressOf(step, args->rounded), args->rounded.row_bytes,
                              addressOf(step, args->next), args->next_eps, args->step);
}

extern "C" void lap_gpu_rotary_table(const lap_step *step, const lap_rotary_table_args *args, lap_kernel *rotary_table,
                                     uint32_t, uint32_t) {
  const lap_buffer &out = args->out;
  launch<RotaryTable>(step, rotary_table, {1, rowsOf(step, out)}, placesOf(step, out),
                      addressOf(step, args->frequencies), addressOf(step, out), out.row_bytes, args->head_dim / 2);
}

extern "C" void lap_gpu_norm_rotary(const lap_step *step, const lap_norm_rotary_args *args, lap_kernel *norm_rotary,
                                    uint32_t, uint32_t) {
  const lap_buffer &x = args->x, &table = args->table, &out = args->out;
  launch<NormRotary>(step, norm_rotary, {args->heads, rowsOf(step, x)}, addressOf(step, x), x.row_bytes,
                     addressOf(step, args->w), addressOf(step, table), table.row_bytes, addressOf(step, out),
                     out.row_bytes, args->head_dim, args->eps);
  if (!sameBuffer(x, out)) {
    zeroPadding(step, out, args->heads * args->head_dim);
  }
}
