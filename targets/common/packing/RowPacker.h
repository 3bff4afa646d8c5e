//===- RowPacker.h - pieces and rows, common to all packers --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Decides which packed row each logical row becomes and hands it to packRow. A piece is a tile pair of a matrix, some
// rows of a table, or one whole expert (whose halves are padded on their own).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_PACKING_ROWPACKER_H
#define LAPIDARY_TARGETS_COMMON_PACKING_ROWPACKER_H

#include "targets/common/packing/PackedShape.h"

#include <algorithm>

namespace lapidary {

class RowPacker : public WeightPacker {
public:
  explicit RowPacker(const PackedShape &shape) : shape(shape) {}

  uint64_t rowsPerPiece() const override {
    if (wholeExperts()) {
      return expertRows();
    }
    return shape.table || shape.vector ? tableRows : uint64_t(LAP_COLUMN_PAD);
  }

  uint64_t pieceBytes(uint64_t row) const override {
    if (wholeExperts()) {
      return shape.expertBytes;
    }
    if (shape.table || shape.vector) {
      return std::min(tableRows, shape.partRows - row) * shape.tileBytes;
    }
    return LAP_COLUMN_PAD / LAP_ROW_TILE * shape.tileBytes;
  }

  void pack(const float *values, uint64_t row, uint64_t rows, uint8_t *out) const override {
    for (uint64_t i = 0; i < rows; ++i) {
      packRow(values + i * shape.columns, packedRow(i), out);
    }
  }

protected:
  /// The packed row of a piece's logical row `i`: an expert's second half starts at its padded place.
  uint64_t packedRow(uint64_t i) const { return i / shape.partRows * shape.paddedPartRows + i % shape.partRows; }

  /// Packs one logical row ([columns]) as row `row` of the piece at `out`.
  virtual void packRow(const float *values, uint64_t row, uint8_t *out) const = 0;

  const PackedShape shape;

private:
  static constexpr uint64_t tableRows = 64;
  bool wholeExperts() const { return shape.stacked || shape.parts > 1; }
  uint64_t expertRows() const { return shape.parts * shape.partRows; }
};

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_PACKING_ROWPACKER_H
