//===- Embed.cpp - lap_op_embed and lap_op_select_last --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One embed kernel reads rows of packed matrices (tied with lm_head, so in row tiles) and of row-major tables: only the
// strides differ. Matrices are resident; of a table every token needs one row that is seldom needed again, so its
// pieces are read from the file into a buffer on the stack.
//===----------------------------------------------------------------------===//
#include "Kernels.h"
#include "Work.h"

#include <string.h>
#include <unistd.h>

using namespace lap;

namespace {

/// Columns [first, first + count) of some rows that are stored together: `strip` is where those columns start in all of
/// them, `lane` the row we want.
struct Piece {
  const lap_embed_args *args;
  const uint8_t *strip;
  uint32_t lane, rows; // 0 of 1 in a table, of 16 in a matrix
};

bool isFloat(const lap_weight &table) { return table.format == LAP_F32 || table.format == LAP_BF16; }

/// Bytes of `columns` columns of one row. Groups carry their scale with them.
uint64_t stripBytes(const lap_weight &table, uint64_t columns) {
  switch (table.format) {
  case LAP_F32:
    return columns * 4;
  case LAP_BF16:
    return columns * 2;
  default:
    return columns / LAP_GROUP * (2 + (table.format == LAP_W4G32 ? LAP_GROUP / 2 : LAP_GROUP));
  }
}

void embedFloat(const Piece &piece, lap_kernel *kernel, float *out, uint32_t count) {
  const uint64_t bytes = piece.args->table.format == LAP_F32 ? 4 : 2;
  Array w(piece.strip + piece.lane * bytes, {count, piece.rows});
  Array result(out, {count, 1});
  kernelCast<EmbedFloatKernel>(kernel)(w, piece.args->scale, result);
}

void embedGroup(const Piece &piece, lap_kernel *kernel, float *out, uint32_t count) {
  const int64_t rows = piece.rows, groups = count / LAP_GROUP;
  const int64_t halves = piece.args->table.format == LAP_W4G32 ? 2 : 1;
  const int64_t blocks = LAP_GROUP / 4 / halves;
  const int64_t groupBytes = rows * (2 + blocks * 4);
  Array weights(piece.strip + rows * 2 + piece.lane * 4, {4, 1}, {blocks, 4 * rows}, {groups, groupBytes});
  Array weightScales(piece.strip + piece.lane * 2, {groups, groupBytes / 2});
  Array result(out, {4, 1}, {blocks, 4}, {halves, LAP_GROUP / 2}, {groups, LAP_GROUP});
  kernelCast<EmbedGroupKernel>(kernel)(weights, weightScales, piece.args->scale, result);
}

/// Reads from the weight segment's file; false: the caller takes the mapping, whose failure is reported.
bool readWeights(const lap_step *step, uint64_t offset, uint8_t *to, uint64_t bytes) {
  const lap_weight_file *file = step->file;
  return file &&
         pread(file->descriptor, to, bytes, static_cast<off_t>(file->offset + offset)) == static_cast<ssize_t>(bytes);
}

} // namespace

extern "C" void lap_op_embed(const lap_step *step, const lap_embed_args *args, lap_kernel *embed, uint32_t lane,
                             uint32_t lanes) {
  const lap_weight &table = args->table;
  const uint32_t tileRows = args->tiled ? LAP_ROW_TILE : 1;
  alignas(64) uint8_t buffer[ColumnChunk * 4]; // one piece of a table's row
  forColumnChunks(
      rowsOf(step, args->out), table.columns, lane, lanes, [&](uint32_t row, uint32_t first, uint32_t count) {
        const uint64_t id = static_cast<uint32_t>(step->ids[tokenOf(step, args->out, row)]);
        const uint64_t at = id / tileRows * table.tile_bytes + stripBytes(table, first) * tileRows;
        const bool read = !args->tiled && readWeights(step, table.offset + at, buffer, stripBytes(table, count));
        const Piece piece = {args, read ? buffer : weightBytes(step, table) + at, static_cast<uint32_t>(id % tileRows),
                             tileRows};
        (isFloat(table) ? embedFloat : embedGroup)(piece, embed, rowFloats(step, args->out, row) + first, count);
      });
}

extern "C" void lap_op_select_last(const lap_step *step, const lap_select_last_args *args, uint32_t lane,
                                   uint32_t lanes) {
  if (lane == 0) {
    const uint32_t bytes = args->x.row_bytes < args->out.row_bytes ? args->x.row_bytes : args->out.row_bytes;
    memcpy(rowBytes(step, args->out, 0), rowBytes(step, args->x, rowsOf(step, args->x) - 1), bytes);
  }
}
