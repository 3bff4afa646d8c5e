//===- FloatPacker.cpp - f32 and bf16 weights ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// float32 is copied; bf16 is rounded to nearest even, which changes nothing for a bf16 checkpoint.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/BFloat16.h"
#include "targets/common/packing/RowPacker.h"

#include <cstring>

namespace lapidary {

namespace {

class FloatPacker : public RowPacker {
public:
  using RowPacker::RowPacker;

private:
  void packRow(const float *values, uint64_t row, uint8_t *out) const override {
    // Distance of neighbouring columns: a tile has the column outside its 16 rows.
    bool tiled = !shape.table && !shape.vector;
    uint64_t element = elementBytes(shape.format);
    uint64_t step = tiled ? LAP_ROW_TILE * element : element;
    uint8_t *to =
        tiled ? out + row / LAP_ROW_TILE * shape.tileBytes + row % LAP_ROW_TILE * element : out + row * shape.tileBytes;
    for (uint64_t column = 0; column < shape.columns; ++column, to += step) {
      if (shape.format == LAP_F32) {
        std::memcpy(to, values + column, sizeof(float));
      } else {
        uint16_t bits = toBFloat16(values[column]);
        std::memcpy(to, &bits, sizeof(bits));
      }
    }
  }
};

} // namespace

std::unique_ptr<WeightPacker> createFloatPacker(const PackedShape &shape) {
  return std::make_unique<FloatPacker>(shape);
}

} // namespace lapidary
