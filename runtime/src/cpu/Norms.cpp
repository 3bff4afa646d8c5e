//===- Norms.cpp - norms and rotary embedding -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One work item is one row (or one head of a row). A norm reads its row in whole groups of 16 columns: heads are
// multiples of 16 columns wide, or alone in a padded row.
//===----------------------------------------------------------------------===//
#include "Kernels.h"
#include "Work.h"
#include "runtime/src/Profile.h"

#include <math.h>
#include <string.h>

using namespace lap;

namespace {
constexpr uint32_t wholeStrands(uint32_t columns) { return (columns + 15) / 16 * 16; }

/// A row of one head to int8, whose padding becomes zero.
void normToIntegers(const lap_step *step, const lap_rms_norm_args *args, uint64_t row, lap_kernel *rms_norm) {
  const uint32_t columns = wholeStrands(args->width);
  const bool weighted = args->w.rows != 0;
  const float *input = rowFloats(step, args->x, row);
  uint8_t *output = rowBytes(step, args->out, row);
  Array x(input, {columns, 1}), w(weighted ? weightVector(step, args->w) : input, {columns, 1});
  Array out(output, {columns, 1});
  kernelCast<RmsNormStaticKernel>(rms_norm)(x, w, static_cast<float>(args->width), args->eps, weighted, args->step,
                                            out);
  memset(output + columns, 0, args->out.columns - columns);
}
} // namespace

extern "C" void lap_op_rms_norm(const lap_step *step, const lap_rms_norm_args *args, lap_kernel *rms_norm,
                                uint32_t lane, uint32_t lanes) {
  const OpTimer timer(step, lane, "rms_norm");
  const uint32_t heads = args->heads, columns = wholeStrands(args->width);
  const bool weighted = args->w.rows != 0;
  const Range items = share(static_cast<uint64_t>(rowsOf(step, args->x)) * heads, lane, lanes);
  for (uint64_t item = items.begin; item < items.end; ++item) {
    const uint64_t row = item / heads, head = item % heads;
    if (args->out.element == LAP_ROWS_I8) {
      normToIntegers(step, args, row, rms_norm);
      continue;
    }
    const float *input = rowFloats(step, args->x, row) + head * args->width;
    Array x(input, {columns, 1});
    Array w(weighted ? weightVector(step, args->w) : input, {columns, 1});
    Array out(rowFloats(step, args->out, row) + head * args->width, {columns, 1});
    kernelCast<RmsNormKernel>(rms_norm)(x, w, static_cast<float>(args->width), args->eps, weighted, out);
    // In place, the padding is zero already, or (in a column view) another buffer's.
    if (head == heads - 1 && !sameBuffer(args->x, args->out)) {
      zeroPadding(step, args->out, row, static_cast<uint32_t>(head * args->width + columns));
    }
  }
}

extern "C" void lap_op_residual_norm(const lap_step *step, const lap_residual_norm_args *args,
                                     lap_kernel *residual_norm, uint32_t lane, uint32_t lanes) {
  const OpTimer timer(step, lane, "residual_norm");
  const int64_t columns = args->out.columns;
  const float scale = args->scale.rows != 0 ? *weightVector(step, args->scale) : 1.0f;
  const Range rows = share(rowsOf(step, args->out), lane, lanes);
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    Array residual(rowFloats(step, args->residual, row), {columns, 1});
    Array x(rowFloats(step, args->x, row), {columns, 1});
    Array w(weightVector(step, args->w), {columns, 1});
    Array out(rowFloats(step, args->out, row), {columns, 1});
    kernelCast<ResidualNormKernel>(residual_norm)(residual, x, w, static_cast<float>(args->width), args->eps, scale,
                                                  out);
  }
}

extern "C" void lap_op_rotary_table(const lap_step *step, const lap_rotary_table_args *args, uint32_t lane,
                                    uint32_t lanes) {
  const OpTimer timer(step, lane, "rotary_table");
  const uint32_t pairs = args->head_dim / 2;
  const float *frequencies = weightVector(step, args->frequencies);
  const Range items = share(static_cast<uint64_t>(rowsOf(step, args->out)) * pairs, lane, lanes);
  for (uint64_t item = items.begin; item < items.end; ++item) {
    const uint32_t row = static_cast<uint32_t>(item / pairs), pair = static_cast<uint32_t>(item % pairs);
    // The reference rounds the angle to float; its cosine is then as exact as a float can be.
    const float angle = static_cast<float>(positionOf(step, args->out, row)) * frequencies[pair];
    float *table = rowFloats(step, args->out, row);
    table[pair] = angle == 0.0f ? 1.0f : static_cast<float>(cos(static_cast<double>(angle)));
    table[pair + pairs] = angle == 0.0f ? 0.0f : static_cast<float>(sin(static_cast<double>(angle)));
  }
}

extern "C" void lap_op_norm_rotary(const lap_step *step, const lap_norm_rotary_args *args, lap_kernel *norm_rotary,
                                   uint32_t lane, uint32_t lanes) {
  const OpTimer timer(step, lane, "norm_rotary");
  const uint32_t heads = args->heads, headDim = args->head_dim;
  float *copy = reinterpret_cast<float *>(laneScratch(step, lane));
  const Range items = share(static_cast<uint64_t>(rowsOf(step, args->x)) * heads, lane, lanes);
  for (uint64_t item = items.begin; item < items.end; ++item) {
    const uint64_t row = item / heads, head = item % heads;
    // The output may be the input, but each output column needs two input columns.
    memcpy(copy, rowFloats(step, args->x, row) + head * headDim, headDim * sizeof(float));
    Array x(copy, {headDim, 1});
    Array w(weightVector(step, args->w), {headDim, 1});
    Array table(rowFloats(step, args->table, row), {headDim / 2, 1}, {2, headDim / 2});
    Array out(rowFloats(step, args->out, row) + head * headDim, {headDim / 2, 1}, {2, headDim / 2});
    kernelCast<NormRotaryKernel>(norm_rotary)(x, w, table, static_cast<float>(headDim), args->eps, out);
    if (head == heads - 1 && !sameBuffer(args->x, args->out)) {
      zeroPadding(step, args->out, row, heads * headDim);
    }
  }
}
