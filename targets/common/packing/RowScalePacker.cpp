//===- RowScalePacker.cpp - w8, w4 and w2 weights with f32 scales --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A matrix has one scale per row; a table may have one per block of columns. Padding columns hold the code of
// zero; padding rows keep scale 0.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/RowPacker.h"
#include "targets/common/packing/RowScale.h"

#include <cstring>
#include <vector>

namespace lapidary {

namespace {

class RowScalePacker : public RowPacker {
public:
  using RowPacker::RowPacker;

  void packIntegers(const IntegerRows &values, uint64_t, uint64_t rows, uint8_t *out) const override {
    std::vector<int8_t> integers(shape.paddedColumns);
    for (uint64_t i = 0; i < rows; ++i) {
      std::memcpy(integers.data(), values.values + i * shape.columns, shape.columns);
      placeRow(integers.data(), values.scales + i * values.scalesPerRow, packedRow(i), out);
    }
  }

private:
  uint64_t scales() const { return roundUp(shape.paddedColumns, shape.scaleColumns) / shape.scaleColumns; }

  void packRow(const float *values, uint64_t row, uint8_t *out) const override {
    std::vector<float> padded(shape.paddedColumns);
    std::memcpy(padded.data(), values, shape.columns * sizeof(float));
    std::vector<int8_t> integers(shape.paddedColumns);
    std::vector<float> rowScales(scales());
    for (uint64_t block = 0; block < rowScales.size(); ++block) {
      const uint64_t first = block * shape.scaleColumns;
      rowScales[block] = quantizeRow(&padded[first], std::min(shape.scaleColumns, shape.paddedColumns - first),
                                     integerBits(shape.format), &integers[first]);
    }
    placeRow(integers.data(), rowScales.data(), row, out);
  }

  /// `integers` has the padded columns.
  void placeRow(const int8_t *integers, const float *rowScales, uint64_t row, uint8_t *out) const {
    if (shape.table) {
      const uint64_t start = tableScale(shape.format, shape.paddedColumns, row, 0, shape.scaleColumns);
      std::memcpy(out + start, rowScales, scales() * sizeof(float));
      placeInTable(integers, out + tableElement(shape.format, shape.paddedColumns, row, 0, shape.scaleColumns).byte);
      return;
    }
    std::memcpy(out + matrixScale(shape.format, shape.paddedColumns, row, 0), rowScales, sizeof(float));
    // Four columns that follow each other lie in the same bits of four bytes that follow each other.
    for (uint64_t column = 0; column < shape.paddedColumns; column += 4) {
      const PackedPlace place = matrixElement(shape.format, shape.paddedColumns, row, column);
      for (uint64_t i = 0; i < 4; ++i) {
        writeInteger(shape.format, shape.code, out, {place.byte + i, place.shift}, integers[column + i]);
      }
    }
  }

  void placeInTable(const int8_t *integers, uint8_t *out) const {
    const unsigned bits = integerBits(shape.format), fields = integersPerByte(shape.format);
    for (uint64_t column = 0; column < shape.paddedColumns; column += fields) {
      for (unsigned field = 0; field < fields; ++field) {
        writeInteger(shape.format, shape.code, out, {column / fields, field * bits}, integers[column + field]);
      }
    }
  }
};

} // namespace

std::unique_ptr<WeightPacker> createRowScalePacker(const PackedShape &shape) {
  return std::make_unique<RowScalePacker>(shape);
}

} // namespace lapidary
