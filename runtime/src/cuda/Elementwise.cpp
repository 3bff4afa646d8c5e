//===- Elementwise.cpp - GPU drivers of the elementwise ops ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Kernels.h for the grids.
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Launch.h"

using namespace lap::cuda;

extern "C" void lap_gpu_gelu_mul(const lap_step *step, const lap_gelu_mul_args *args, lap_kernel *gelu_mul, uint32_t,
                                 uint32_t) {
  const lap_buffer &gate = args->gate, &up = args->up, &out = args->out;
  launch<GeluMul>(step, gelu_mul, columnGrid(gelu_mul, out.columns, rowsOf(step, out)), addressOf(step, gate),
                  gate.row_bytes, addressOf(step, up), up.row_bytes, addressOf(step, out), out.row_bytes, out.columns,
                  args->step);
}

extern "C" void lap_gpu_add(const lap_step *step, const lap_add_args *args, lap_kernel *add, uint32_t, uint32_t) {
  const lap_buffer &a = args->a, &b = args->b, &out = args->out;
  launch<Add>(step, add, columnGrid(add, out.columns, rowsOf(step, out)), addressOf(step, a), a.row_bytes,
              addressOf(step, b), b.row_bytes, addressOf(step, out), out.row_bytes, out.columns, args->scale);
}

extern "C" void lap_gpu_scale(const lap_step *step, const lap_scale_args *args, lap_kernel *scale, uint32_t, uint32_t) {
  const lap_buffer &x = args->x, &out = args->out;
  launch<Scale>(step, scale, columnGrid(scale, out.columns, rowsOf(step, out)), addressOf(step, x), x.row_bytes,
                addressOf(step, out), out.row_bytes, out.columns, args->scale);
}

extern "C" void lap_gpu_softcap(const lap_step *step, const lap_softcap_args *args, lap_kernel *softcap, uint32_t,
                                uint32_t) {
  const lap_buffer &x = args->x, &out = args->out;
  launch<Softcap>(step, softcap, columnGrid(softcap, out.columns, rowsOf(step, out)), addressOf(step, x), x.row_bytes,
                  addressOf(step, out), out.row_bytes, out.columns, args->cap);
}
