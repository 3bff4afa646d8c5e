//===- Matmul.cpp - lap_op_matmul and lap_op_quantize ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The lanes of a matmul claim ranges of the weight's row tiles: each weight byte is read by one lane, once.
//===----------------------------------------------------------------------===//
#include "Claims.h"
#include "ItemBytes.h"
#include "Kernels.h"
#include "Observe.h"
#include "Product.h"
#include "Work.h"
#include "runtime/src/Profile.h"

using namespace lap;

namespace {

constexpr uint64_t ReadAheadBytes = 128 * 1024; // a part of the second level cache
constexpr uint64_t MostStreamedBytes = 1 << 30; // Halide counts elements in 31 bits

/// One call of multiply for the tiles [first, first + count), which are rounded to the same step.
void multiplyTiles(const lap_step *step, const lap_matmul_args *args, uint32_t first, uint32_t count, float outStep,
                   const ProductKernels &kernels) {
  const lap_weight &w = args->w;
  multiply({&w, weightBytes(step, w) + first * w.tile_bytes, count, rowBytes(step, args->x, 0), args->x.row_bytes,
            args->x.element, rowFloats(step, args->out, 0) + static_cast<uint64_t>(first) * LAP_ROW_TILE,
            args->out.row_bytes, rowsOf(step, args->out), args->input_step, outStep},
           kernels);
}

/// The tiles [first, end), cut where the step of the output changes; columns behind the last step are not rounded.
void multiplyItem(const lap_step *step, const lap_matmul_args *args, uint32_t first, uint32_t end,
                  const ProductKernels &kernels) {
  for (uint32_t i = 0; i < args->out_step_count && first < end; ++i) {
    const uint32_t stepEnd = args->out_steps[i].columns_end / LAP_ROW_TILE, until = stepEnd < end ? stepEnd : end;
    if (first < until) {
      multiplyTiles(step, args, first, until - first, args->out_steps[i].step, kernels);
      first = until;
    }
  }
  if (first < end) {
    multiplyTiles(step, args, first, end - first, 0, kernels);
  }
}

void quantizeGroups(const lap_step *step, const lap_quantize_args *args, uint32_t row, uint32_t first, uint32_t count,
                    lap_kernel *quantize, lap_kernel *residual) {
  const uint32_t columns = args->x.columns;
  const int64_t groups = count / LAP_GROUP, firstGroup = first / LAP_GROUP;
  auto scalesOf = [&](uint8_t *plane) { return plane + columns + firstGroup * 4; };
  auto sumsOf = [&](uint8_t *plane) { return scalesOf(plane) + columns / LAP_GROUP * 4; };
  uint8_t *plane = rowBytes(step, args->out, row);
  const float *from = rowFloats(step, args->x, row) + first;
  Array x(from, {LAP_GROUP, 1}, {groups, LAP_GROUP}), values(plane + first, {LAP_GROUP, 1}, {groups, LAP_GROUP});
  Array scales(scalesOf(plane), {groups, 1}), sums(sumsOf(plane), {groups, 1});
  kernelCast<QuantizeKernel>(quantize)(x, scales, sums, values);
  alignas(64) float rests[LAP_PLANES - 1][ColumnChunk]; // what is left after each plane
  for (uint32_t p = 1; args->out.element == LAP_ROWS_Q24 && p < LAP_PLANES; ++p) {
    uint8_t *next = plane + q8Bytes(columns);
    Array input(from, {LAP_GROUP, 1}, {groups, LAP_GROUP}), rest(rests[p - 1], {LAP_GROUP, 1}, {groups, LAP_GROUP});
    Array firstValues(plane + first, {LAP_GROUP, 1}, {groups, LAP_GROUP}), firstScales(scalesOf(plane), {groups, 1});
    Array nextValues(next + first, {LAP_GROUP, 1}, {groups, LAP_GROUP});
    Array nextScales(scalesOf(next), {groups, 1}), nextSums(sumsOf(next), {groups, 1});
    kernelCast<QuantizeResidualKernel>(residual)(input, firstScales, firstValues, rest, nextScales, nextSums,
                                                 nextValues);
    plane = next;
    from = rests[p - 1];
  }
}

/// A whole row has one scale, so an item is a row.
void quantizeRows(const lap_step *step, const lap_quantize_args *args, lap_kernel *quantize, uint32_t lane,
                  uint32_t lanes) {
  const int64_t columns = args->x.columns;
  const Range rows = share(rowsOf(step, args->x), lane, lanes);
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    uint8_t *out = rowBytes(step, args->out, row);
    Array x(rowFloats(step, args->x, row), {columns, 1}), scale(out + LAP_PLANES * columns, {1, 1});
    Array high(out, {columns, 1}), middle(out + columns, {columns, 1}), low(out + 2 * columns, {columns, 1});
    kernelCast<QuantizeRowKernel>(quantize)(x, scale, high, middle, low);
  }
}

} // namespace

extern "C" void lap_op_matmul(const lap_step *step, const lap_matmul_args *args, lap_kernel *matvec, lap_kernel *matmat,
                              uint32_t lane, uint32_t lanes) {
  const OpTimer timer(step, lane, "matmul", &args->w);
  const lap_weight &w = args->w;
  if (step->barrier) {
    step->barrier->lanes[lane].ahead = {};
  }
  const uint32_t rows = rowsOf(step, args->out), tiles = w.rows / LAP_ROW_TILE;
  const uint32_t most = itemTiles(w, args->x.element, rows);
  if (step->observer) {
    observe(step, w, args->x, args->input_step, lane, lanes);
  }
  auto multiplyItems = [&](uint64_t firstItem, uint64_t endItem) {
    const uint32_t first = static_cast<uint32_t>(firstItem * most);
    const uint32_t end = endItem * most < tiles ? static_cast<uint32_t>(endItem * most) : tiles;
    multiplyItem(step, args, first, end, {matvec, matmat});
    timer.read((end - first) * w.tile_bytes);
    if (step->observer) {
      observeOutput(step, w, args->out, first, end);
    }
  };
  Claims claims(step, (tiles + most - 1) / most, lane, lanes);
  if (readsRuns(w, args->x.element, rows)) {
    const uint64_t fitting = MostStreamedBytes / (most * w.tile_bytes);
    for (Range run; claims.nextRun(run);) {
      for (; run.begin < run.end; run.begin += fitting) {
        multiplyItems(run.begin, run.end - run.begin < fitting ? run.end : run.begin + fitting);
      }
    }
  } else {
    for (uint32_t item; claims.next(item);) {
      multiplyItems(item, item + 1);
    }
  }
  // Rows are padded to 16, columns of the output to 32.
  if (lane == lanes - 1) {
    for (uint32_t row = 0; row < rows; ++row) {
      zeroPadding(step, args->out, row, w.rows);
    }
  }
}

extern "C" void lap_op_read_ahead(const lap_step *step, const lap_matmul_args *next, uint32_t lane, uint32_t lanes) {
  if (lanes == 1) {
    return; // who never waits
  }
  const lap_weight &w = next->w;
  const uint32_t rows = rowsOf(step, next->out), tiles = w.rows / LAP_ROW_TILE;
  const uint32_t most = itemTiles(w, next->x.element, rows);
  const uint32_t own = ownItems((tiles + most - 1) / most, lanes);
  const uint32_t ownTiles = (own ? own : 1) * most; // one: a guess, the lanes come in any order
  const uint32_t streams = own ? streamsOf(w, ownTiles, next->x.element, rows) : 1;
  const uint64_t length = ownTiles / streams * w.tile_bytes, part = ReadAheadBytes / streams;
  const uint8_t *begin = weightBytes(step, w) + lane * (ownTiles * w.tile_bytes);
  step->barrier->lanes[lane].ahead = {begin, begin + (length < part ? length : part), length, streams};
}

extern "C" void lap_op_quantize(const lap_step *step, const lap_quantize_args *args, lap_kernel *quantize,
                                lap_kernel *residual, uint32_t lane, uint32_t lanes) {
  const OpTimer timer(step, lane, "quantize");
  if (args->out.element == LAP_ROWS_R24) {
    return quantizeRows(step, args, quantize, lane, lanes);
  }
  if (args->out.element == LAP_ROWS_I8) {
    const Range rows = share(rowsOf(step, args->x), lane, lanes);
    for (uint64_t row = rows.begin; row < rows.end; ++row) {
      Array x(rowFloats(step, args->x, row), {args->x.columns, 1}),
          out(rowBytes(step, args->out, row), {args->x.columns, 1});
      kernelCast<QuantizeStaticKernel>(quantize)(x, args->step, out);
    }
    return;
  }
  forColumnChunks(rowsOf(step, args->x), args->x.columns, lane, lanes,
                  [&](uint32_t row, uint32_t first, uint32_t count) {
                    quantizeGroups(step, args, row, first, count, quantize, residual);
                  });
}
