//===- Elementwise.cpp - drivers of the elementwise ops -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Work items are ranges of columns of a row, so that one token's row is shared by the lanes too.
//===----------------------------------------------------------------------===//
#include "Kernels.h"
#include "Work.h"
#include "runtime/src/Profile.h"

using namespace lap;

extern "C" void lap_op_gelu_mul(const lap_step *step, const lap_gelu_mul_args *args, lap_kernel *gelu_mul,
                                uint32_t lane, uint32_t lanes) {
  const OpTimer timer(step, lane, "gelu_mul");
  forColumnChunks(rowsOf(step, args->out), args->out.columns, lane, lanes,
                  [&](uint32_t row, uint32_t first, uint32_t count) {
                    Array gate(rowFloats(step, args->gate, row) + first, {count, 1});
                    Array up(rowFloats(step, args->up, row) + first, {count, 1});
                    if (args->out.element == LAP_ROWS_I8) {
                      Array integers(rowBytes(step, args->out, row) + first, {count, 1});
                      kernelCast<GeluMulStaticKernel>(gelu_mul)(gate, up, args->step, integers);
                      return;
                    }
                    Array out(rowFloats(step, args->out, row) + first, {count, 1});
                    kernelCast<GeluMulKernel>(gelu_mul)(gate, up, out);
                  });
}

extern "C" void lap_op_add(const lap_step *step, const lap_add_args *args, lap_kernel *add, uint32_t lane,
                           uint32_t lanes) {
  const OpTimer timer(step, lane, "add");
  forColumnChunks(rowsOf(step, args->out), args->out.columns, lane, lanes,
                  [&](uint32_t row, uint32_t first, uint32_t count) {
                    Array a(rowFloats(step, args->a, row) + first, {count, 1});
                    Array b(rowFloats(step, args->b, row) + first, {count, 1});
                    Array out(rowFloats(step, args->out, row) + first, {count, 1});
                    kernelCast<AddKernel>(add)(a, b, args->scale, out);
                  });
}

extern "C" void lap_op_scale(const lap_step *step, const lap_scale_args *args, lap_kernel *scale, uint32_t lane,
                             uint32_t lanes) {
  const OpTimer timer(step, lane, "scale");
  forColumnChunks(rowsOf(step, args->out), args->out.columns, lane, lanes,
                  [&](uint32_t row, uint32_t first, uint32_t count) {
                    Array x(rowFloats(step, args->x, row) + first, {count, 1});
                    Array out(rowFloats(step, args->out, row) + first, {count, 1});
                    kernelCast<ScaleKernel>(scale)(x, args->scale, out);
                  });
}

extern "C" void lap_op_softcap(const lap_step *step, const lap_softcap_args *args, lap_kernel *softcap, uint32_t lane,
                               uint32_t lanes) {
  const OpTimer timer(step, lane, "softcap");
  forColumnChunks(rowsOf(step, args->out), args->out.columns, lane, lanes,
                  [&](uint32_t row, uint32_t first, uint32_t count) {
                    Array x(rowFloats(step, args->x, row) + first, {count, 1});
                    Array out(rowFloats(step, args->out, row) + first, {count, 1});
                    kernelCast<SoftcapKernel>(softcap)(x, args->cap, out);
                  });
}
