//===- PackingTest.cpp - packers against the index functions ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Reads every element of a packed weight. What the element should be comes from the logical values; padding must read
// as zero.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/GroupScale.h"
#include "targets/common/packing/RowScale.h"
#include "targets/common/packing/ScaleSteps.h"
#include "test/targets/packing/PackingFixture.h"

using namespace lapidary;

namespace {

/// Weights that are rounded as they are packed.
class FloatPacking : public Packing {
protected:
  /// The element in column `column` of padded row `row` of the matrix at byte `base`.
  float read(uint64_t base, uint64_t row, uint64_t column) const {
    const uint8_t *at = packed.data() + base + placeOfElement(row, column).byte;
    if (shape.format == LAP_F32) {
      float value;
      std::memcpy(&value, at, sizeof(value));
      return value;
    }
    if (shape.format == LAP_BF16) {
      uint16_t bits;
      std::memcpy(&bits, at, sizeof(bits));
      return fromBFloat16(bits);
    }
    return static_cast<float>(readIntegerAt(base, row, column)) * readScale(base, row, column);
  }

  /// The value that column `column` of logical row `row` should read as.
  float expected(uint64_t row, uint64_t column) const {
    const float *from = values.data() + row * columns;
    if (isRowScaled(shape.format)) {
      return expectedOfRow(from, column);
    }
    if (!isGrouped(shape.format)) {
      return shape.format == LAP_F32 ? from[column] : fromBFloat16(toBFloat16(from[column]));
    }
    float group[LAP_GROUP] = {};
    int8_t integers[LAP_GROUP];
    uint64_t first = column / LAP_GROUP * LAP_GROUP;
    std::copy(from + first, from + std::min<uint64_t>(columns, first + LAP_GROUP), group);
    const float step = shape.stepped ? scaleStep(from, columns) : 0;
    float scale = shape.format == LAP_W8G32 ? quantizeGroup8(group, integers) : quantizeGroup4(group, integers, step);
    return static_cast<float>(integers[column % LAP_GROUP]) * scale;
  }

  /// The same where a row, or a part of it, has one scale.
  float expectedOfRow(const float *from, uint64_t column) const {
    std::vector<float> block(std::min(shape.scaleColumns, shape.paddedColumns));
    std::vector<int8_t> integers(block.size());
    uint64_t first = column / block.size() * block.size();
    std::copy(from + first, from + std::min<uint64_t>(columns, first + block.size()), block.begin());
    float scale = quantizeRow(block.data(), block.size(), integerBits(shape.format), integers.data());
    return static_cast<float>(integers[column % block.size()]) * scale;
  }
};

TEST_P(FloatPacking, EveryElementIsWhereTheLayoutSays) {
  packAll();
  for (uint64_t row = 0; row < rows; ++row) {
    auto [base, place] = placeOf(row);
    for (uint64_t column = 0; column < shape.paddedColumns; ++column) {
      float wanted = column < columns ? expected(row, column) : 0.0f;
      ASSERT_EQ(read(base, place, column), wanted) << "row " << row << " column " << column;
    }
  }
}

TEST_P(FloatPacking, PaddingRowsReadAsZero) {
  packAll();
  if (shape.table || shape.vector) {
    return;
  }
  for (uint64_t expert = 0; expert < shape.experts; ++expert) {
    for (uint64_t row = 0; row < shape.parts * shape.paddedPartRows; ++row) {
      if (row % shape.paddedPartRows >= shape.partRows) {
        for (uint64_t column = 0; column < shape.paddedColumns; ++column) {
          ASSERT_EQ(read(expert * shape.expertBytes, row, column), 0.0f) << "row " << row;
        }
      }
    }
  }
}

TEST_P(FloatPacking, TheDriverIsToldTheSameSizes) {
  lap_weight weight = describePacked(type);
  EXPECT_EQ(weight.columns, shape.paddedColumns);
  EXPECT_EQ(weight.rows, shape.parts * shape.paddedPartRows);
  EXPECT_EQ(weight.tile_bytes, shape.tileBytes);
  EXPECT_EQ(weight.scale_columns, shape.table ? shape.scaleColumns : 0);
  EXPECT_EQ(weight.scale_columns % LAP_COLUMN_PAD, 0u);
  EXPECT_EQ(weight.expert_bytes, type.getShape().size() == 3 ? shape.expertBytes : 0);
  EXPECT_EQ(weight.expert_bytes % 4096, 0u) << "experts are whole pages";
}

INSTANTIATE_TEST_SUITE_P(Layouts, FloatPacking, testing::ValuesIn(inBothCodes(allPackingCases())), caseName);

} // namespace
