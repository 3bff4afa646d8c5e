//===- Work.h - addresses of rows, and how work is shared among lanes -----===//
// SPDX-License-Identifier: Apache-2.0
//
// Drivers cut their work into items by shape alone and give every lane a contiguous share of them. No item's result
// depends on which lane runs it or on how many there are.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CPU_WORK_H
#define LAPIDARY_RUNTIME_CPU_WORK_H

#include "lapidary/ProgramAbi.h"

namespace lap {

/// Columns that an elementwise kernel is given at a time; a multiple of LAP_COLUMN_PAD.
constexpr uint32_t ColumnChunk = 1024;

/// Columns of an elementwise work item. Short rows are whole: norms have whole rows too, and whoever wrote a row can go
/// on with it without a barrier, while it is in its caches.
constexpr uint32_t itemColumns(uint32_t columns) { return columns <= 4 * ColumnChunk ? columns : ColumnChunk; }

struct Range {
  uint64_t begin, end;
};

/// The items of `lane` out of `total`.
inline Range share(uint64_t total, uint32_t lane, uint32_t lanes) {
  return {total * lane / lanes, total * (lane + 1) / lanes};
}

/// Rows of `buffer` in this call.
inline uint32_t rowsOf(const lap_step *step, const lap_buffer &buffer) {
  return buffer.rows_per_token ? buffer.rows_per_token * step->tokens : buffer.fixed_rows;
}

/// The token (index into step->ids) of row `row` of a buffer of one row per token, or of the last token's buffer.
inline uint32_t tokenOf(const lap_step *step, const lap_buffer &buffer, uint32_t row) {
  return buffer.rows_per_token ? row / buffer.rows_per_token : step->tokens - 1;
}

/// The position of a row's token in its sequence.
inline uint32_t positionOf(const lap_step *step, const lap_buffer &buffer, uint32_t row) {
  const uint32_t token = tokenOf(step, buffer, row);
  return step->places ? step->places[token].position : step->position + token;
}

/// The caches of a row's sequence.
inline uint8_t *cachesOf(const lap_step *step, const lap_buffer &buffer, uint32_t row) {
  return step->places ? step->places[tokenOf(step, buffer, row)].caches : step->caches;
}

inline uint8_t *rowBytes(const lap_step *step, const lap_buffer &buffer, uint64_t row) {
  uint8_t *base = buffer.space == LAP_LOGITS ? reinterpret_cast<uint8_t *>(step->logits) : step->arena + buffer.offset;
  return base + row * buffer.row_bytes;
}

inline float *rowFloats(const lap_step *step, const lap_buffer &buffer, uint64_t row) {
  return reinterpret_cast<float *>(rowBytes(step, buffer, row));
}

inline const uint8_t *weightBytes(const lap_step *step, const lap_weight &weight) {
  return step->weights + weight.offset;
}

/// A packed vector.
inline const float *weightVector(const lap_step *step, const lap_weight &weight) {
  return reinterpret_cast<const float *>(weightBytes(step, weight));
}

inline uint8_t *laneScratch(const lap_step *step, uint32_t lane) {
  return step->lane_scratch + lane * step->lane_scratch_bytes;
}

inline bool sameBuffer(const lap_buffer &a, const lap_buffer &b) { return a.space == b.space && a.offset == b.offset; }

/// Where the parts of an integer row lie; absent ones are null.
struct IntegerRow {
  const int8_t *values[LAP_PLANES];
  const float *scales[LAP_PLANES]; // of the groups (q8, q24) or of the row (r24: the first)
  uint32_t planes;
};

/// Bytes of one q8 row, and the distance of the planes of a q24 row.
inline uint64_t q8Bytes(uint32_t columns) { return (columns + uint64_t(columns) / LAP_GROUP * 8 + 63) / 64 * 64; }

/// The parts of a row of `element` (not f32) that starts at `row`.
inline IntegerRow integerRow(const uint8_t *row, uint32_t element, uint32_t columns) {
  const bool grouped = element == LAP_ROWS_Q8 || element == LAP_ROWS_Q24;
  const uint32_t planes = element == LAP_ROWS_Q24 || element == LAP_ROWS_R24 ? LAP_PLANES : 1;
  IntegerRow parts = {};
  parts.planes = planes;
  for (uint32_t p = 0; p < planes; ++p) {
    const uint8_t *start = row + p * (grouped ? q8Bytes(columns) : columns);
    parts.values[p] = reinterpret_cast<const int8_t *>(start);
    parts.scales[p] = grouped ? reinterpret_cast<const float *>(start + columns) : nullptr;
  }
  if (element == LAP_ROWS_R24) {
    parts.scales[0] = reinterpret_cast<const float *>(row + LAP_PLANES * uint64_t(columns));
  }
  return parts;
}

/// Zeroes columns [from, buffer.columns) of an f32 row.
inline void zeroPadding(const lap_step *step, const lap_buffer &buffer, uint64_t row, uint32_t from) {
  float *values = rowFloats(step, buffer, row);
  for (uint32_t c = from; c < buffer.columns; ++c) {
    values[c] = 0.0f;
  }
}

/// Calls body(row, firstColumn, columns) for this lane's items of `rows` rows of `columns` columns, a chunk at a time.
template <typename Body>
void forColumnChunks(uint32_t rows, uint32_t columns, uint32_t lane, uint32_t lanes, Body body) {
  const uint32_t width = itemColumns(columns), count = (columns + width - 1) / width; // of the items of a row
  const Range items = share(static_cast<uint64_t>(rows) * count, lane, lanes);
  for (uint64_t item = items.begin; item < items.end; ++item) {
    const uint32_t begin = static_cast<uint32_t>(item % count) * width;
    const uint32_t end = columns - begin < width ? columns : begin + width;
    for (uint32_t first = begin; first < end; first += ColumnChunk) {
      body(static_cast<uint32_t>(item / count), first, end - first < ColumnChunk ? end - first : ColumnChunk);
    }
  }
}

} // namespace lap

#endif // LAPIDARY_RUNTIME_CPU_WORK_H
