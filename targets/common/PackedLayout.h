// PackedLayout.h - where every element of a packed weight lives.
// SPDX-License-Identifier: Apache-2.0
//
// The formulas behind the layouts that runtime/include/lapidary/ProgramAbi.h describes in words. The compiler's packer
// writes through them and the kernel tests check the kernels against them, so a layout is defined in code once.
// All offsets are in bytes from the start of one matrix (of one expert) or of one table; rows and columns are padded.
#ifndef LAPIDARY_TARGETS_COMMON_PACKEDLAYOUT_H
#define LAPIDARY_TARGETS_COMMON_PACKEDLAYOUT_H

#include "lapidary/ProgramAbi.h"

#include <cstdint>

namespace lapidary {

constexpr uint64_t roundUp(uint64_t value, uint64_t multiple) { return (value + multiple - 1) / multiple * multiple; }
constexpr uint64_t padColumns(uint64_t columns) { return roundUp(columns, LAP_COLUMN_PAD); }
constexpr uint64_t padRows(uint64_t rows) { return roundUp(rows, LAP_ROW_TILE); }

constexpr bool isGrouped(lap_format format) { return format == LAP_W8G32 || format == LAP_W4G32; }

/// Bytes of one float element; only for LAP_F32 and LAP_BF16.
constexpr uint64_t elementBytes(lap_format format) { return format == LAP_F32 ? 4 : 2; }

/// Distance of the rows of the moments (lap_observer) of a weight of `columns` logical columns.
inline uint64_t momentStride(uint64_t columns) { return lap_moment_stride(static_cast<uint32_t>(padColumns(columns))); }

/// What a stored integer has added to it: the value is stored - zeroPoint.
constexpr int zeroPoint(lap_format format) { return format == LAP_W8G32 ? 128 : 8; }

/// Bytes of one group's integers in one row: 32 columns of 8 or 4 bits.
constexpr uint64_t groupBytes(lap_format format) { return format == LAP_W8G32 ? LAP_GROUP : LAP_GROUP / 2; }

/// Bytes of one group of 32 columns in `rows` rows: the bf16 scales of the rows, then their integers.
constexpr uint64_t groupStride(lap_format format, uint64_t rows) { return rows * (2 + groupBytes(format)); }

/// Bytes of `rows` (1 for a table row, 16 for a matrix tile) rows of `columns` padded columns.
constexpr uint64_t stripBytes(lap_format format, uint64_t columns, uint64_t rows) {
  if (!isGrouped(format)) {
    return columns * rows * elementBytes(format);
  }
  return columns / LAP_GROUP * groupStride(format, rows);
}

/// lap_weight.tile_bytes of a matrix.
constexpr uint64_t tileBytes(lap_format format, uint64_t columns) { return stripBytes(format, columns, LAP_ROW_TILE); }

/// lap_weight.tile_bytes of a table: one row, rounded up to 32 bytes.
constexpr uint64_t tableRowBytes(lap_format format, uint64_t columns) {
  return roundUp(stripBytes(format, columns, 1), 32);
}

/// Bytes of a whole matrix (one expert of it).
constexpr uint64_t matrixBytes(lap_format format, uint64_t rows, uint64_t columns) {
  return padRows(rows) / LAP_ROW_TILE * tileBytes(format, padColumns(columns));
}

/// Bytes of a whole table.
constexpr uint64_t tableBytes(lap_format format, uint64_t rows, uint64_t columns) {
  return rows * tableRowBytes(format, padColumns(columns));
}

/// Where one integer is: its byte, and whether it is the high nibble of it (LAP_W4G32 only).
struct PackedPlace {
  uint64_t byte;
  bool highNibble;
};

namespace detail {
// The byte of an integer from the start of its strip of `rows` rows.
constexpr PackedPlace placeInStrip(lap_format format, uint64_t column, uint64_t row, uint64_t rows) {
  const uint64_t inGroup = column % LAP_GROUP;
  const bool high = format == LAP_W4G32 && inGroup >= LAP_GROUP / 2;
  const uint64_t index = high ? inGroup - LAP_GROUP / 2 : inGroup;
  const uint64_t integers = column / LAP_GROUP * groupStride(format, rows) + rows * 2;
  return {integers + (index / 4 * rows + row) * 4 + index % 4, high};
}
} // namespace detail

/// Element (row, column) of a packed matrix of `columns` padded columns.
constexpr PackedPlace matrixElement(lap_format format, uint64_t columns, uint64_t row, uint64_t column) {
  const uint64_t tile = row / LAP_ROW_TILE * tileBytes(format, columns);
  const uint64_t lane = row % LAP_ROW_TILE;
  if (!isGrouped(format)) {
    return {tile + (column * LAP_ROW_TILE + lane) * elementBytes(format), false};
  }
  const PackedPlace place = detail::placeInStrip(format, column, lane, LAP_ROW_TILE);
  return {tile + place.byte, place.highNibble};
}

/// The bf16 scale of (row, group) of a packed matrix in a group format.
constexpr uint64_t matrixScale(lap_format format, uint64_t columns, uint64_t row, uint64_t group) {
  return row / LAP_ROW_TILE * tileBytes(format, columns) + group * groupStride(format, LAP_ROW_TILE) +
         row % LAP_ROW_TILE * 2;
}

/// Element (row, column) of a packed table of `columns` padded columns.
constexpr PackedPlace tableElement(lap_format format, uint64_t columns, uint64_t row, uint64_t column) {
  const uint64_t start = row * tableRowBytes(format, columns);
  if (!isGrouped(format)) {
    return {start + column * elementBytes(format), false};
  }
  const PackedPlace place = detail::placeInStrip(format, column, 0, 1);
  return {start + place.byte, place.highNibble};
}

/// The bf16 scale of (row, group) of a packed table in a group format.
constexpr uint64_t tableScale(lap_format format, uint64_t columns, uint64_t row, uint64_t group) {
  return row * tableRowBytes(format, columns) + group * groupStride(format, 1);
}

/// Bytes of a q8 activation row before padding to the row distance.
constexpr uint64_t q8RowBytes(uint64_t columns) { return columns + columns / LAP_GROUP * 8; }

} // namespace lapidary

#endif
