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

/// Integers in groups of 32 columns, each with a scale.
constexpr bool isGrouped(lap_format format) {
  return format == LAP_W8G32 || format == LAP_W4G32 || format == LAP_W4G32S8;
}

/// Scales are int8 multiples of a power of two that a row has.
constexpr bool hasScaleSteps(lap_format format) { return format == LAP_W4G32S8; }

/// Integers with one f32 scale per row (per block of columns, in tables).
constexpr bool isRowScaled(lap_format format) {
  return format == LAP_W2ROW || format == LAP_W4ROW || format == LAP_W8ROW;
}

/// Bytes of one float element; only for LAP_F32 and LAP_BF16.
constexpr uint64_t elementBytes(lap_format format) { return format == LAP_F32 ? 4 : 2; }

/// Distance of the rows of the moments (lap_observer) of a weight of `columns` logical columns.
inline uint64_t momentStride(uint64_t columns) { return lap_moment_stride(static_cast<uint32_t>(padColumns(columns))); }

/// Bits of one stored integer.
constexpr unsigned integerBits(lap_format format) {
  switch (format) {
  case LAP_W2ROW:
    return 2;
  case LAP_W4ROW:
  case LAP_W4G32:
  case LAP_W4G32S8:
    return 4;
  default:
    return 8;
  }
}

constexpr unsigned integersPerByte(lap_format format) { return 8 / integerBits(format); }

/// Half the range of an integer; what a stored one has added to it, in offset code.
constexpr int zeroPoint(lap_format format) { return 1 << (integerBits(format) - 1); }

/// How an integer becomes bits: what the target's dot product takes as it is loaded.
enum class IntegerCode {
  Offset, ///< value + zeroPoint: weights are unsigned (vpdpbusd)
  Signed  ///< two's complement: weights are signed (sdot, smmla). Integers of 2 bits keep their offset, because fields
          ///< of a byte that are only masked have no sign
};

/// What the code flips in an integer in offset code.
constexpr int flippedBits(lap_format format, IntegerCode code) {
  return code == IntegerCode::Signed && integerBits(format) > 2 ? zeroPoint(format) : 0;
}

/// Bytes of one group's integers in one row: 32 columns of 8 or 4 bits.
constexpr uint64_t groupBytes(lap_format format) { return LAP_GROUP / integersPerByte(format); }

/// Bytes of one scale of a group format: bf16, or int8 in steps of its row.
constexpr uint64_t groupScaleBytes(lap_format format) { return hasScaleSteps(format) ? 1 : 2; }

/// Bytes of the bf16 steps of `rows` rows, in front of their groups.
constexpr uint64_t stepBytes(lap_format format, uint64_t rows) { return hasScaleSteps(format) ? rows * 2 : 0; }

/// Bytes of one group of 32 columns in `rows` rows: the scales of the rows, then their integers.
constexpr uint64_t groupStride(lap_format format, uint64_t rows) {
  return rows * (groupScaleBytes(format) + groupBytes(format));
}

/// Bytes of `rows` (1 for a table row, 16 for a matrix tile) rows of `columns` padded columns, of which
/// `scaleColumns` share a scale in the row formats.
constexpr uint64_t stripBytes(lap_format format, uint64_t columns, uint64_t rows, uint64_t scaleColumns) {
  if (isRowScaled(format)) {
    return rows * (roundUp(columns, scaleColumns) / scaleColumns * 4 + columns / integersPerByte(format));
  }
  return isGrouped(format) ? stepBytes(format, rows) + columns / LAP_GROUP * groupStride(format, rows)
                           : columns * rows * elementBytes(format);
}

/// lap_weight.tile_bytes of a matrix.
constexpr uint64_t tileBytes(lap_format format, uint64_t columns) {
  return stripBytes(format, columns, LAP_ROW_TILE, columns);
}

/// lap_weight.tile_bytes of a table: one row, rounded up to 32 bytes. `scaleColumns` is lap_weight.scale_columns, of
/// the row formats only.
constexpr uint64_t tableRowBytes(lap_format format, uint64_t columns, uint64_t scaleColumns = 0) {
  return roundUp(stripBytes(format, columns, 1, scaleColumns), 32);
}

/// Bytes of a whole matrix (one expert of it).
constexpr uint64_t matrixBytes(lap_format format, uint64_t rows, uint64_t columns) {
  return padRows(rows) / LAP_ROW_TILE * tileBytes(format, padColumns(columns));
}

/// Bytes of a whole table.
constexpr uint64_t tableBytes(lap_format format, uint64_t rows, uint64_t columns, uint64_t scaleColumns = 0) {
  return rows * tableRowBytes(format, padColumns(columns), scaleColumns);
}

/// Where one element is: its byte, and how far up its bits are in that byte (integers narrower than a byte only).
struct PackedPlace {
  uint64_t byte;
  unsigned shift;
};

/// The integer at `place`.
constexpr int readInteger(lap_format format, IntegerCode code, const uint8_t *base, PackedPlace place) {
  const int stored = base[place.byte] >> place.shift & ((1 << integerBits(format)) - 1);
  return (stored ^ flippedBits(format, code)) - zeroPoint(format);
}

/// Stores `value` at `place`, whose bits are 0.
constexpr void writeInteger(lap_format format, IntegerCode code, uint8_t *base, PackedPlace place, int value) {
  const unsigned stored = static_cast<unsigned>((value + zeroPoint(format)) ^ flippedBits(format, code));
  base[place.byte] = static_cast<uint8_t>(base[place.byte] | stored << place.shift);
}

namespace detail {
// The byte of a group format's integer from the start of its strip of `rows` rows.
constexpr PackedPlace placeInGroups(lap_format format, uint64_t column, uint64_t row, uint64_t rows) {
  const uint64_t inGroup = column % LAP_GROUP;
  const bool high = integerBits(format) == 4 && inGroup >= LAP_GROUP / 2;
  const uint64_t index = high ? inGroup - LAP_GROUP / 2 : inGroup;
  const uint64_t integers =
      stepBytes(format, rows) + column / LAP_GROUP * groupStride(format, rows) + rows * groupScaleBytes(format);
  return {integers + (index / 4 * rows + row) * 4 + index % 4, high ? 4u : 0u};
}

// The same of a row format's integer in a tile.
constexpr PackedPlace placeInTile(lap_format format, uint64_t column, uint64_t lane) {
  const uint64_t fields = integersPerByte(format), block = column / (4 * fields), field = column / 4 % fields;
  return {LAP_ROW_TILE * 4 + (block * LAP_ROW_TILE + lane) * 4 + column % 4,
          static_cast<unsigned>(field * integerBits(format))};
}
} // namespace detail

/// Element (row, column) of a packed matrix of `columns` padded columns.
constexpr PackedPlace matrixElement(lap_format format, uint64_t columns, uint64_t row, uint64_t column) {
  const uint64_t tile = row / LAP_ROW_TILE * tileBytes(format, columns);
  const uint64_t lane = row % LAP_ROW_TILE;
  if (!isGrouped(format) && !isRowScaled(format)) {
    return {tile + (column * LAP_ROW_TILE + lane) * elementBytes(format), 0};
  }
  const PackedPlace place = isGrouped(format) ? detail::placeInGroups(format, column, lane, LAP_ROW_TILE)
                                              : detail::placeInTile(format, column, lane);
  return {tile + place.byte, place.shift};
}

/// The scale of (row, group) of a packed matrix: bf16 or int8 in a group format, f32 in a row format (whose group is
/// 0).
constexpr uint64_t matrixScale(lap_format format, uint64_t columns, uint64_t row, uint64_t group) {
  const uint64_t tile = row / LAP_ROW_TILE * tileBytes(format, columns), lane = row % LAP_ROW_TILE;
  return isRowScaled(format) ? tile + lane * 4
                             : tile + stepBytes(format, LAP_ROW_TILE) + group * groupStride(format, LAP_ROW_TILE) +
                                   lane * groupScaleBytes(format);
}

/// The bf16 step of a row's scales (hasScaleSteps).
constexpr uint64_t matrixStep(lap_format format, uint64_t columns, uint64_t row) {
  return row / LAP_ROW_TILE * tileBytes(format, columns) + row % LAP_ROW_TILE * 2;
}

/// Element (row, column) of a packed table of `columns` padded columns.
constexpr PackedPlace tableElement(lap_format format, uint64_t columns, uint64_t row, uint64_t column,
                                   uint64_t scaleColumns = 0) {
  const uint64_t start = row * tableRowBytes(format, columns, scaleColumns);
  if (isRowScaled(format)) {
    const uint64_t fields = integersPerByte(format);
    return {start + roundUp(columns, scaleColumns) / scaleColumns * 4 + column / fields,
            static_cast<unsigned>(column % fields * integerBits(format))};
  }
  if (!isGrouped(format)) {
    return {start + column * elementBytes(format), 0};
  }
  const PackedPlace place = detail::placeInGroups(format, column, 0, 1);
  return {start + place.byte, place.shift};
}

/// The scale of (row, group) of a packed table: bf16 of 32 columns in a group format, f32 of `scaleColumns` columns in
/// a row format.
constexpr uint64_t tableScale(lap_format format, uint64_t columns, uint64_t row, uint64_t group,
                              uint64_t scaleColumns = 0) {
  const uint64_t start = row * tableRowBytes(format, columns, scaleColumns);
  return start + (isRowScaled(format) ? group * 4 : group * groupStride(format, 1));
}

/// Bytes of a q8 activation row before padding to the row distance.
constexpr uint64_t q8RowBytes(uint64_t columns) { return columns + columns / LAP_GROUP * 8; }

/// lap_buffer.row_bytes of an activation of `columns` padded columns.
constexpr uint64_t activationRowBytes(lap_element element, uint64_t columns) {
  switch (element) {
  case LAP_ROWS_Q8:
    return roundUp(q8RowBytes(columns), 64);
  case LAP_ROWS_Q24:
    return LAP_PLANES * roundUp(q8RowBytes(columns), 64);
  case LAP_ROWS_I8:
    return roundUp(columns, 64);
  case LAP_ROWS_R24:
    return roundUp(LAP_PLANES * columns + 4, 64);
  default:
    return roundUp(columns * 4, 64);
  }
}

} // namespace lapidary

#endif
