//===- Embed.cpp - lap_op_embed and lap_op_select_last --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One embed kernel reads rows of packed matrices (tied with lm_head, so in row tiles) and of row-major tables: only the
// strides differ. Matrices are resident; of a table every token needs one row that is seldom needed again, so its
// pieces are read from the file into a buffer on the stack.
//===----------------------------------------------------------------------===//
#include "Kernels.h"
#include "Work.h"
#include "runtime/src/Profile.h"

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
  float step;          // of the row's scales; otherwise 1
};

bool isFloat(const lap_weight &table) { return table.format == LAP_F32 || table.format == LAP_BF16; }

bool isRowScaled(const lap_weight &table) {
  return table.format == LAP_W2ROW || table.format == LAP_W4ROW || table.format == LAP_W8ROW;
}

/// Integers in a byte of a row format.
uint32_t fieldsOf(const lap_weight &table) { return table.format == LAP_W2ROW ? 4 : table.format == LAP_W4ROW ? 2 : 1; }

bool hasSteps(const lap_weight &table) { return table.format == LAP_W4G32S8; }

/// The step of row `lane` of a tile, a bf16 value.
float scaleStep(const uint8_t *tile, uint32_t lane) {
  uint16_t half;
  memcpy(&half, tile + lane * 2, sizeof(half));
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float step;
  memcpy(&step, &bits, sizeof(step));
  return step;
}

uint32_t groupBytes(const lap_weight &table) { return table.format == LAP_W8G32 ? LAP_GROUP : LAP_GROUP / 2; }

/// Bytes of `columns` columns of one row. Groups carry their scale with them; of row formats, the integers alone.
uint64_t stripBytes(const lap_weight &table, uint64_t columns) {
  switch (table.format) {
  case LAP_W2ROW:
  case LAP_W4ROW:
  case LAP_W8ROW:
    return columns / fieldsOf(table);
  case LAP_F32:
    return columns * 4;
  case LAP_BF16:
    return columns * 2;
  default:
    return columns / LAP_GROUP * ((hasSteps(table) ? 1 : 2) + groupBytes(table));
  }
}

void embedFloat(const Piece &piece, lap_kernel *kernel, float *out, uint32_t count) {
  const uint64_t bytes = piece.args->table.format == LAP_F32 ? 4 : 2;
  Array w(piece.strip + piece.lane * bytes, {count, piece.rows});
  Array result(out, {count, 1});
  kernelCast<EmbedFloatKernel>(kernel)(w, piece.args->scale, result);
}

void embedGroup(const Piece &piece, lap_kernel *kernel, float *out, uint32_t count) {
  const lap_weight &table = piece.args->table;
  const int64_t rows = piece.rows, groups = count / LAP_GROUP, scaleBytes = hasSteps(table) ? 1 : 2;
  const int64_t halves = LAP_GROUP / groupBytes(table), blocks = groupBytes(table) / 4;
  const int64_t stride = rows * (scaleBytes + blocks * 4);
  Array weights(piece.strip + rows * scaleBytes + piece.lane * 4, {4, 1}, {blocks, 4 * rows}, {groups, stride});
  Array weightScales(piece.strip + piece.lane * scaleBytes, {groups, stride / scaleBytes});
  Array result(out, {4, 1}, {blocks, 4}, {halves, LAP_GROUP / 2}, {groups, LAP_GROUP});
  kernelCast<EmbedGroupKernel>(kernel)(weights, weightScales, piece.args->scale * piece.step, result);
}

/// `scales` are the piece's row's, one for every scale_columns; `first` is the piece's first column.
void embedRow(const Piece &piece, const float *scales, uint32_t first, lap_kernel *kernel, float *out, uint32_t count) {
  const lap_weight &table = piece.args->table;
  const uint32_t fields = fieldsOf(table), shared = table.scale_columns;
  const int64_t rows = piece.rows;
  for (uint32_t done = 0, some; done < count; done += some) {
    // Up to where the scale changes.
    const uint32_t column = first + done, left = count - done, same = shared ? shared - column % shared : left;
    some = same < left ? same : left;
    const int64_t blocks = some / (4 * fields);
    const uint8_t *bytes = piece.strip + (piece.lane + done / fields / 4 * rows) * 4;
    Array weights(bytes, {4, 1}, {blocks, 4 * rows});
    // A byte's columns are neighbours in a table, 4 apart in a tile.
    Array result(out + done, {4, rows == 1 ? fields : 1}, {fields, rows == 1 ? 1 : 4}, {blocks, 4 * fields});
    kernelCast<EmbedRowKernel>(kernel)(weights, scales[shared ? column / shared : 0], piece.args->scale, result);
  }
}

/// Reads from the weight segment's file; false: the caller takes the mapping, whose failure is reported.
bool readWeights(const lap_step *step, uint64_t offset, uint8_t *to, uint64_t bytes) {
  const lap_weight_file *file = step->file;
  return file &&
         pread(file->descriptor, to, bytes, static_cast<off_t>(file->offset + offset)) == static_cast<ssize_t>(bytes);
}

/// Bytes [offset, offset + bytes) of the weights: in `buffer` if they are a table's and the file has them.
const uint8_t *pieceBytes(const lap_step *step, const lap_embed_args *args, uint64_t offset, uint8_t *buffer,
                          uint64_t bytes) {
  const uint64_t at = args->table.offset + offset;
  return !args->tiled && readWeights(step, at, buffer, bytes) ? buffer : step->weights + at;
}

/// Columns [first, first + count) of the row of token `id`.
void embedColumns(const lap_step *step, const lap_embed_args *args, uint64_t id, uint32_t first, uint32_t count,
                  lap_kernel *kernel, float *out) {
  const lap_weight &table = args->table;
  const uint32_t tileRows = args->tiled ? LAP_ROW_TILE : 1, shared = table.scale_columns;
  const uint32_t lane = static_cast<uint32_t>(id % tileRows);
  alignas(64) uint8_t buffer[ColumnChunk * 4];                      // one piece of a table's row
  alignas(64) uint8_t scales[ColumnChunk / LAP_COLUMN_PAD * 4 + 4]; // those of the piece
  uint64_t at = id / tileRows * table.tile_bytes;
  if (!isRowScaled(table)) {
    const bool steps = hasSteps(table); // of matrices only
    const float own = steps ? scaleStep(step->weights + table.offset + at, lane) : 1.0f;
    at += (stripBytes(table, first) + (steps ? 2 : 0)) * tileRows;
    const Piece piece = {args, pieceBytes(step, args, at, buffer, stripBytes(table, count)), lane, tileRows, own};
    return (isFloat(table) ? embedFloat : embedGroup)(piece, kernel, out, count);
  }
  const uint32_t rowScales = shared ? (table.columns + shared - 1) / shared : 1; // a tile has one per row
  const uint32_t firstScale = shared ? first / shared : lane;
  const uint32_t scaleCount = shared ? (first + count - 1) / shared - firstScale + 1 : 1;
  const uint8_t *scale = pieceBytes(step, args, at + firstScale * 4, scales, scaleCount * 4);
  at += (rowScales * 4 + stripBytes(table, first)) * tileRows;
  const Piece piece = {args, pieceBytes(step, args, at, buffer, stripBytes(table, count)), lane, tileRows, 1.0f};
  embedRow(piece, reinterpret_cast<const float *>(scale), shared ? first % shared : first, kernel, out, count);
}

} // namespace

extern "C" void lap_op_embed(const lap_step *step, const lap_embed_args *args, lap_kernel *embed, uint32_t lane,
                             uint32_t lanes) {
  const OpTimer timer(step, lane, "embed");
  forColumnChunks(rowsOf(step, args->out), args->table.columns, lane, lanes,
                  [&](uint32_t row, uint32_t first, uint32_t count) {
                    const uint64_t id = static_cast<uint32_t>(step->ids[tokenOf(step, args->out, row)]);
                    embedColumns(step, args, id, first, count, embed, rowFloats(step, args->out, row) + first);
                  });
}

extern "C" void lap_op_select_last(const lap_step *step, const lap_select_last_args *args, uint32_t lane,
                                   uint32_t lanes) {
  const OpTimer timer(step, lane, "select_last");
  if (lane == 0) {
    const uint32_t bytes = args->x.row_bytes < args->out.row_bytes ? args->x.row_bytes : args->out.row_bytes;
    memcpy(rowBytes(step, args->out, 0), rowBytes(step, args->x, rowsOf(step, args->x) - 1), bytes);
  }
}
