//===- PackingTest.cpp - packers against the index functions ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Packs a weight piece by piece, as the driver does, and reads every element back through PackedLayout.h. What the
// element should be comes from the logical values; padding must read as zero.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/BFloat16.h"
#include "targets/common/packing/GroupScale.h"
#include "targets/common/packing/PackedShape.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

using namespace lapidary;

namespace {

struct Case {
  std::vector<int64_t> shape;
  const char *kind;
  WeightUse use;
};

std::string caseName(const testing::TestParamInfo<Case> &info) {
  static const char *uses[] = {"Matrix", "Experts", "GatedExperts", "Table", "Vector"};
  std::string name = std::string(info.param.kind) + uses[static_cast<int>(info.param.use)];
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
    uint32_t group = test.kind[0] == 'w' ? 32 : 0;
    type = packedTypeFor(test.shape, gemma::FormatAttr::get(&context, test.kind, group), test.use);
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

  void packAll() {
    std::unique_ptr<WeightPacker> packer = createPacker(type);
    packed.assign(shape.totalBytes(), 0);
    uint64_t offset = 0, pieces = 0;
    for (uint64_t row = 0; row < rows; row += packer->rowsPerPiece(), ++pieces) {
      uint64_t count = std::min(packer->rowsPerPiece(), rows - row);
      ASSERT_LE(offset + packer->pieceBytes(row), packed.size());
      packer->pack(values.data() + row * columns, row, count, packed.data() + offset);
      offset += packer->pieceBytes(row);
    }
    EXPECT_EQ(offset, packed.size()) << "the pieces are the whole weight";
    EXPECT_GT(pieces, 0u);
  }

  /// Where logical row `row` lies: byte offset of its matrix, and its padded row there.
  std::pair<uint64_t, uint64_t> placeOf(uint64_t row) const {
    uint64_t expertRows = shape.parts * shape.partRows;
    uint64_t inside = row % expertRows;
    return {row / expertRows * shape.expertBytes,
            inside / shape.partRows * shape.paddedPartRows + inside % shape.partRows};
  }

  float read(uint64_t base, uint64_t row, uint64_t column) const {
    bool tiled = !shape.table && !shape.vector;
    PackedPlace place = tiled ? matrixElement(shape.format, shape.paddedColumns, row, column)
                              : tableElement(shape.format, shape.paddedColumns, row, column);
    const uint8_t *at = packed.data() + base + place.byte;
    if (shape.format == LAP_F32) {
      float value;
      std::memcpy(&value, at, sizeof(value));
      return value;
    }
    uint16_t bits;
    if (shape.format == LAP_BF16) {
      std::memcpy(&bits, at, sizeof(bits));
      return fromBFloat16(bits);
    }
    uint64_t scale = tiled ? matrixScale(shape.format, shape.paddedColumns, row, column / LAP_GROUP)
                           : tableScale(shape.format, shape.paddedColumns, row, column / LAP_GROUP);
    std::memcpy(&bits, packed.data() + base + scale, sizeof(bits));
    int stored = shape.format == LAP_W8G32 ? *at : place.highNibble ? *at >> 4 : *at & 15;
    return static_cast<float>(stored - zeroPoint(shape.format)) * fromBFloat16(bits);
  }

  /// The value that column `column` of logical row `row` should read as.
  float expected(uint64_t row, uint64_t column) const {
    const float *from = values.data() + row * columns;
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
  EXPECT_EQ(weight.expert_bytes, type.getShape().size() == 3 ? shape.expertBytes : 0);
  EXPECT_EQ(weight.expert_bytes % 4096, 0u) << "experts are whole pages";
}

std::vector<Case> allCases() {
  std::vector<Case> cases;
  for (const char *kind : {"f32", "bf16", "w8", "w4"}) {
    cases.push_back({{56, 84}, kind, WeightUse::Matrix});
    cases.push_back({{512, 96}, kind, WeightUse::Matrix});
    cases.push_back({{3, 40, 22}, kind, WeightUse::Experts});
    cases.push_back({{1, 40, 22}, kind, WeightUse::Experts});
    cases.push_back({{3, 44, 88}, kind, WeightUse::GatedExperts});
    cases.push_back({{150, 48}, kind, WeightUse::Table});
  }
  cases.push_back({{84}, "bf16", WeightUse::Vector});
  cases.push_back({{1}, "f32", WeightUse::Vector});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Layouts, Packing, testing::ValuesIn(allCases()), caseName);

} // namespace
