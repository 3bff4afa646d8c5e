//===- PackingTest.cpp - packers against the index functions ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Packs a weight piece by piece, as the driver does, and reads every element back through PackedLayout.h. What the
// element should be comes from the logical values; padding must read as zero.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/BFloat16.h"
#include "targets/common/packing/GroupScale.h"
#include "targets/common/packing/PackedShape.h"
#include "targets/common/packing/RowScale.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

using namespace lapidary;

namespace {

struct Case {
  std::vector<int64_t> shape;
  const char *kind;
  WeightUse use;
  uint32_t group = 0;
  const char *scale = "bf16";
  IntegerCode code = IntegerCode::Offset;
};

std::string caseName(const testing::TestParamInfo<Case> &info) {
  static const char *uses[] = {"Matrix", "Experts", "GatedExperts", "Table", "Vector"};
  std::string name = std::string(info.param.kind) + "g" + std::to_string(info.param.group) + info.param.scale +
                     uses[static_cast<int>(info.param.use)] + (info.param.code == IntegerCode::Signed ? "Signed" : "");
  for (int64_t size : info.param.shape) {
    name += "_" + std::to_string(size);
  }
  return name;
}

class Packing : public testing::TestWithParam<Case> {
protected:
  Packing() {
    context.loadDialect<gemma::GemmaDialect, kernel::KernelDialect>();
    const Case &test = GetParam();
    type = packedTypeFor(test.shape, gemma::FormatAttr::get(&context, test.kind, test.group, test.scale), test.use,
                         test.code);
    shape = packedShape(type);
    columns = static_cast<uint64_t>(test.shape.back());
    rows = 1;
    for (size_t i = 0; i + 1 < test.shape.size(); ++i) {
      rows *= static_cast<uint64_t>(test.shape[i]);
    }
    std::mt19937 random(static_cast<unsigned>(rows * 31 + columns));
    std::normal_distribution<float> normal;
    values.resize(rows * columns);
    for (float &value : values) {
      value = normal(random);
    }
  }

  /// Packs piece by piece; pack(packer, row, count, out) packs one.
  template <typename Pack> void packPieces(Pack pack) {
    std::unique_ptr<WeightPacker> packer = createPacker(type);
    packed.assign(shape.totalBytes(), 0);
    uint64_t offset = 0, pieces = 0;
    for (uint64_t row = 0; row < rows; row += packer->rowsPerPiece(), ++pieces) {
      uint64_t count = std::min(packer->rowsPerPiece(), rows - row);
      ASSERT_LE(offset + packer->pieceBytes(row), packed.size());
      pack(*packer, row, count, packed.data() + offset);
      offset += packer->pieceBytes(row);
    }
    EXPECT_EQ(offset, packed.size()) << "the pieces are the whole weight";
    EXPECT_GT(pieces, 0u);
  }

  void packAll() {
    packPieces([&](const WeightPacker &packer, uint64_t row, uint64_t count, uint8_t *out) {
      packer.pack(values.data() + row * columns, row, count, out);
    });
  }

  bool tiled() const { return !shape.table && !shape.vector; }

  PackedPlace placeOfElement(uint64_t row, uint64_t column) const {
    return tiled() ? matrixElement(shape.format, shape.paddedColumns, row, column)
                   : tableElement(shape.format, shape.paddedColumns, row, column, shape.scaleColumns);
  }

  int readIntegerAt(uint64_t base, uint64_t row, uint64_t column) const {
    return readInteger(shape.format, shape.code, packed.data() + base, placeOfElement(row, column));
  }

  float readScale(uint64_t base, uint64_t row, uint64_t column) const {
    uint64_t group = column / (isGrouped(shape.format) ? uint64_t(LAP_GROUP) : shape.scaleColumns);
    const uint8_t *at = packed.data() + base +
                        (tiled() ? matrixScale(shape.format, shape.paddedColumns, row, group)
                                 : tableScale(shape.format, shape.paddedColumns, row, group, shape.scaleColumns));
    uint16_t bits;
    float value;
    std::memcpy(&bits, at, sizeof(bits));
    std::memcpy(&value, at, sizeof(value));
    return isGrouped(shape.format) ? fromBFloat16(bits) : value;
  }

  /// Where logical row `row` lies: byte offset of its matrix, and its padded row there.
  std::pair<uint64_t, uint64_t> placeOf(uint64_t row) const {
    uint64_t expertRows = shape.parts * shape.partRows;
    uint64_t inside = row % expertRows;
    return {row / expertRows * shape.expertBytes,
            inside / shape.partRows * shape.paddedPartRows + inside % shape.partRows};
  }

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
    float scale = shape.format == LAP_W8G32 ? quantizeGroup8(group, integers) : quantizeGroup4(group, integers);
    return static_cast<float>(integers[column % LAP_GROUP]) * scale;
  }

  float expectedOfRow(const float *from, uint64_t column) const {
    std::vector<float> block(std::min(shape.scaleColumns, shape.paddedColumns));
    std::vector<int8_t> integers(block.size());
    uint64_t first = column / block.size() * block.size();
    std::copy(from + first, from + std::min<uint64_t>(columns, first + block.size()), block.begin());
    float scale = quantizeRow(block.data(), block.size(), integerBits(shape.format), integers.data());
    return static_cast<float>(integers[column % block.size()]) * scale;
  }

  mlir::MLIRContext context;
  kernel::PackedType type;
  PackedShape shape;
  uint64_t rows = 0, columns = 0;
  std::vector<float> values;
  std::vector<uint8_t> packed;
};

TEST_P(Packing, EveryElementIsWhereTheLayoutSays) {
  packAll();
  for (uint64_t row = 0; row < rows; ++row) {
    auto [base, place] = placeOf(row);
    for (uint64_t column = 0; column < shape.paddedColumns; ++column) {
      float wanted = column < columns ? expected(row, column) : 0.0f;
      ASSERT_EQ(read(base, place, column), wanted) << "row " << row << " column " << column;
    }
  }
}

TEST_P(Packing, PaddingRowsReadAsZero) {
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

TEST_P(Packing, TheDriverIsToldTheSameSizes) {
  lap_weight weight = describePacked(type);
  EXPECT_EQ(weight.columns, shape.paddedColumns);
  EXPECT_EQ(weight.rows, shape.parts * shape.paddedPartRows);
  EXPECT_EQ(weight.tile_bytes, shape.tileBytes);
  EXPECT_EQ(weight.scale_columns, shape.table ? shape.scaleColumns : 0);
  EXPECT_EQ(weight.scale_columns % LAP_COLUMN_PAD, 0u);
  EXPECT_EQ(weight.expert_bytes, type.getShape().size() == 3 ? shape.expertBytes : 0);
  EXPECT_EQ(weight.expert_bytes % 4096, 0u) << "experts are whole pages";
}

std::vector<Case> allCases() {
  std::vector<Case> cases;
  auto add = [&](const char *kind, uint32_t group, const char *scale) {
    cases.push_back({{56, 84}, kind, WeightUse::Matrix, group, scale});
    cases.push_back({{512, 96}, kind, WeightUse::Matrix, group, scale});
    cases.push_back({{3, 40, 22}, kind, WeightUse::Experts, group, scale});
    cases.push_back({{1, 40, 22}, kind, WeightUse::Experts, group, scale});
    cases.push_back({{3, 44, 88}, kind, WeightUse::GatedExperts, group, scale});
    cases.push_back({{150, 48}, kind, WeightUse::Table, group, scale});
  };
  for (const char *kind : {"f32", "bf16"}) {
    add(kind, 0, "bf16");
  }
  for (const char *kind : {"w8", "w4"}) {
    add(kind, 32, "bf16");
  }
  for (const char *kind : {"w8", "w4", "w2"}) {
    add(kind, 0, "f32");
    cases.push_back({{70, 192}, kind, WeightUse::Table, 64, "f32"});
    cases.push_back({{3, 160}, kind, WeightUse::Table, 32, "f32"});
  }
  cases.push_back({{84}, "bf16", WeightUse::Vector});
  cases.push_back({{1}, "f32", WeightUse::Vector});
  return cases;
}

/// Every case of integers in both codes.
std::vector<Case> inBothCodes(std::vector<Case> cases) {
  for (size_t i = 0, count = cases.size(); i < count; ++i) {
    if (cases[i].kind[0] == 'w') {
      cases.push_back(cases[i]);
      cases.back().code = IntegerCode::Signed;
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Layouts, Packing, testing::ValuesIn(inBothCodes(allCases())), caseName);

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

std::vector<Case> integerCases() {
  std::vector<Case> cases;
  for (const Case &test : allCases()) {
    if (test.kind[0] == 'w' && (test.group == 0 || test.shape.back() % test.group == 0)) {
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

/// What the input looks like does not matter to rows that need no rounding.
TEST(FeedbackPacking, KeepsRowsThatAreOnAGrid) {
  mlir::MLIRContext context;
  context.loadDialect<gemma::GemmaDialect, kernel::KernelDialect>();
  const uint64_t rows = 32, columns = 80;
  kernel::PackedType type =
      packedTypeFor({rows, columns}, gemma::FormatAttr::get(&context, "w4", 32), WeightUse::Matrix);
  std::mt19937 random(8);
  std::vector<float> values(rows * columns), moments(padColumns(columns) * momentStride(columns), 1.0f);
  for (uint64_t i = 0; i < values.size(); ++i) {
    const float scale = 0.0078125f + 0.0001f * static_cast<float>(i / 16);
    const int integer = static_cast<int>(random() % 16) - 8;
    values[i] = fromBFloat16(toBFloat16(fromBFloat16(toBFloat16(scale)) * static_cast<float>(integer)));
  }
  for (uint64_t i = 0; i < rows * columns; i += 16) { // groups of 32 share the scale of their first half
    const uint64_t half = i / 16 % (columns / 16);
    if (half % 2 == 1) {
      std::copy(&values[i - 16], &values[i], &values[i]);
    }
  }
  const PackedShape shape = packedShape(type);
  std::vector<uint8_t> plain(shape.totalBytes()), fed(shape.totalBytes());
  createPacker(type)->pack(values.data(), 0, rows, plain.data());
  createPacker(type, moments)->pack(values.data(), 0, rows, fed.data());
  EXPECT_EQ(plain, fed);
}

/// Two rows of 64 columns: three groups on a grid, one of them zeros, and one that must be rounded.
TEST(Packing, CountsTheGroupsThatKeepTheirGrid) {
  mlir::MLIRContext context;
  context.loadDialect<gemma::GemmaDialect, kernel::KernelDialect>();
  auto type = packedTypeFor({2, 64}, gemma::FormatAttr::get(&context, "w4", 32), WeightUse::Matrix);
  std::vector<float> values(2 * 64, 0.0f);
  for (uint64_t i = 0; i < 64; ++i) {
    values[i] = 0.0625f * static_cast<float>(static_cast<int>(i % 16) - 8);
    values[64 + i % 32] = std::sin(static_cast<float>(i % 32));
  }
  std::unique_ptr<WeightPacker> packer = createPacker(type);
  std::vector<uint8_t> out(packer->pieceBytes(0));
  packer->pack(values.data(), 0, 2, out.data());
  EXPECT_EQ(packer->gridGroups().all, 3u) << "zeros say nothing about a grid";
  EXPECT_EQ(packer->gridGroups().exact, 2u);
}

} // namespace
