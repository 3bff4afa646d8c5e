//===- Embed.cpp - lap_op_embed and lap_op_select_last --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One embed kernel reads rows of packed matrices (tied with lm_head, so in row tiles) and of row-major tables: only the
// strides differ.
//===----------------------------------------------------------------------===//
#include "Kernels.h"
#include "Work.h"

#include <string.h>

using namespace lap;

namespace {

/// Columns [first, first + count) of one row of the table, read with the strides of its layout.
struct TableRow {
  const lap_embed_args *args;
  const uint8_t *base; // tile of the row, or the row itself
  uint32_t lane;       // row of the tile; 0 in a table
  uint32_t tileRows;   // 16, or 1
};

void embedFloat(const TableRow &row, lap_kernel *kernel, float *out, uint32_t first, uint32_t count) {
  const uint64_t bytes = row.args->table.format == LAP_F32 ? 4 : 2;
  const uint64_t element = static_cast<uint64_t>(first) * row.tileRows + row.lane;
  Array w(row.base + element * bytes, {count, row.tileRows});
  Array result(out, {count, 1});
  kernelCast<EmbedFloatKernel>(kernel)(w, row.args->scale, result);
}

void embedGroup(const TableRow &row, lap_kernel *kernel, float *out, uint32_t first, uint32_t count) {
  const int64_t rows = row.tileRows, groups = count / LAP_GROUP, firstGroup = first / LAP_GROUP;
  const int64_t halves = row.args->table.format == LAP_W4G32 ? 2 : 1;
  const int64_t blocks = LAP_GROUP / 4 / halves;
  const int64_t groupBytes = rows * (2 + blocks * 4);
  const uint8_t *group = row.base + firstGroup * groupBytes;
  Array weights(group + rows * 2 + row.lane * 4, {4, 1}, {blocks, 4 * rows}, {groups, groupBytes});
  Array weightScales(group + row.lane * 2, {groups, groupBytes / 2});
  Array result(out, {4, 1}, {blocks, 4}, {halves, LAP_GROUP / 2}, {groups, LAP_GROUP});
  kernelCast<EmbedGroupKernel>(kernel)(weights, weightScales, row.args->scale, result);
}

} // namespace

extern "C" void lap_op_embed(const lap_step *step, const lap_embed_args *args, lap_kernel *embed, uint32_t lane,
                             uint32_t lanes) {
  const lap_weight &table = args->table;
  const bool isFloat = table.format == LAP_F32 || table.format == LAP_BF16;
  forColumnChunks(rowsOf(step, args->out), table.columns, lane, lanes,
                  [&](uint32_t row, uint32_t first, uint32_t count) {
                    const uint64_t id = static_cast<uint32_t>(step->ids[tokenOf(step, args->out, row)]);
                    const uint32_t tileRows = args->tiled ? LAP_ROW_TILE : 1;
                    const TableRow source = {args, weightBytes(step, table) + id / tileRows * table.tile_bytes,
                                             static_cast<uint32_t>(id % tileRows), tileRows};
                    float *out = rowFloats(step, args->out, row) + first;
                    (isFloat ? embedFloat : embedGroup)(source, embed, out, first, count);
                  });
}

extern "C" void lap_op_select_last(const lap_step *step, const lap_select_last_args *args, uint32_t lane,
                                   uint32_t lanes) {
  if (lane == 0) {
    const uint32_t bytes = args->x.row_bytes < args->out.row_bytes ? args->x.row_bytes : args->out.row_bytes;
    memcpy(rowBytes(step, args->out, 0), rowBytes(step, args->x, rowsOf(step, args->x) - 1), bytes);
  }
}
