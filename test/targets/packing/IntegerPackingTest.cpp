//===- IntegerPackingTest.cpp - integers of a checkpoint stay what they are ----===//
// SPDX-License-Identifier: Apache-2.0
//
// Packed without rounding, in both codes.
//===----------------------------------------------------------------------===//
#include "test/targets/packing/PackingFixture.h"

#include <cmath>

using namespace lapidary;

namespace {

/// Integers and scales of a checkpoint, drawn from the whole range.
class IntegerPacking : public Packing {
protected:
  void drawIntegers(uint64_t groupColumns) {
    const int zero = zeroPoint(shape.format);
    std::mt19937 random(5);
    scalesPerRow = groupColumns ? columns / groupColumns : 1;
    for (uint64_t i = 0; i < rows * columns; ++i) {
      integers.push_back(static_cast<int8_t>(static_cast<int>(random() % (2 * zero)) - zero));
    }
    for (uint64_t i = 0; i < rows * scalesPerRow; ++i) {
      float scale = std::ldexp(1.0f + static_cast<float>(random() % 8388608) / 8388608.0f, -9);
      scales.push_back(isGrouped(shape.format) ? fromBFloat16(toBFloat16(scale)) : scale);
    }
  }

  void check(uint64_t groupColumns) {
    drawIntegers(groupColumns);
    packPieces([&](const WeightPacker &packer, uint64_t row, uint64_t count, uint8_t *out) {
      packer.packIntegers({&integers[row * columns], &scales[row * scalesPerRow], scalesPerRow}, row, count, out);
    });
    for (uint64_t row = 0; row < rows; ++row) {
      auto [base, place] = placeOf(row);
      for (uint64_t column = 0; column < shape.paddedColumns; ++column) {
        ASSERT_EQ(readIntegerAt(base, place, column), column < columns ? integers[row * columns + column] : 0)
            << "row " << row << " column " << column;
        if (column < columns) {
          uint64_t group = groupColumns ? column / groupColumns : 0;
          ASSERT_EQ(readScale(base, place, column), scales[row * scalesPerRow + group]) << "row " << row;
        }
      }
    }
  }

  std::vector<int8_t> integers;
  std::vector<float> scales;
  uint64_t scalesPerRow = 1;
};

TEST_P(IntegerPacking, KeepsEveryIntegerAndScale) { check(GetParam().group); }

TEST_P(IntegerPacking, RepeatsTheScaleOfALargerGroup) {
  if (isGrouped(shape.format) && columns % 96 == 0) {
    check(96);
  } else if (isGrouped(shape.format)) {
    check(0);
  }
}

std::vector<PackingCase> integerCases() {
  std::vector<PackingCase> cases;
  for (const PackingCase &test : allPackingCases()) {
    const bool stepped = std::string_view(test.scale) == "i8"; // a checkpoint's scales are its own
    if (test.kind[0] == 'w' && !stepped && (test.group == 0 || test.shape.back() % test.group == 0)) {
      cases.push_back(test);
    }
  }
  for (const char *kind : {"w8", "w4"}) {
    cases.push_back({{40, 96}, kind, WeightUse::Table, 32});
    cases.push_back({{48, 192}, kind, WeightUse::Matrix, 32});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Layouts, IntegerPacking, testing::ValuesIn(inBothCodes(integerCases())), caseName);

/// The bits themselves: everything above reads with the function that is the inverse of what wrote.
TEST(PackedLayout, SignedIntegersAreInTwosComplement) {
  struct {
    lap_format format;
    int value;
    unsigned shift;
    uint8_t offset, twosComplement;
  } cases[] = {{LAP_W8G32, -128, 0, 0x00, 0x80}, {LAP_W8ROW, 127, 0, 0xff, 0x7f}, {LAP_W8ROW, 0, 0, 0x80, 0x00},
               {LAP_W4G32, -8, 4, 0x00, 0x80},   {LAP_W4ROW, 7, 0, 0x0f, 0x07},   {LAP_W4ROW, -1, 4, 0x70, 0xf0},
               {LAP_W2ROW, -2, 6, 0x00, 0x00},   {LAP_W2ROW, 1, 2, 0x0c, 0x0c}};
  for (const auto &c : cases) {
    uint8_t offset = 0, twosComplement = 0;
    writeInteger(c.format, IntegerCode::Offset, &offset, {0, c.shift}, c.value);
    writeInteger(c.format, IntegerCode::Signed, &twosComplement, {0, c.shift}, c.value);
    EXPECT_EQ(offset, c.offset) << "format " << c.format << ", value " << c.value;
    EXPECT_EQ(twosComplement, c.twosComplement) << "format " << c.format << ", value " << c.value;
    EXPECT_EQ(readInteger(c.format, IntegerCode::Signed, &twosComplement, {0, c.shift}), c.value);
  }
}

} // namespace
