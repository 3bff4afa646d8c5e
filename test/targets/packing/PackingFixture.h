//===- PackingFixture.h - weights packed and read back ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Packs a weight piece by piece, as the driver does, and reads elements back through PackedLayout.h.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_TARGETS_PACKING_PACKINGFIXTURE_H
#define LAPIDARY_TEST_TARGETS_PACKING_PACKINGFIXTURE_H

#include "targets/common/packing/BFloat16.h"
#include "targets/common/packing/PackedShape.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace lapidary {

struct PackingCase {
  std::vector<int64_t> shape;
  const char *kind;
  WeightUse use;
  uint32_t group = 0;
  const char *scale = "bf16";
  IntegerCode code = IntegerCode::Offset;
  bool scaleSteps = true; ///< of the target's products
};

inline std::string caseName(const testing::TestParamInfo<PackingCase> &info) {
  static const char *uses[] = {"Matrix", "Experts", "GatedExperts", "Table", "Vector"};
  std::string name = std::string(info.param.kind) + "g" + std::to_string(info.param.group) + info.param.scale +
                     uses[static_cast<int>(info.param.use)] + (info.param.code == IntegerCode::Signed ? "Signed" : "") +
                     (info.param.scaleSteps ? "" : "WithoutSteps");
  for (int64_t size : info.param.shape) {
    name += "_" + std::to_string(size);
  }
  return name;
}

/// Every kind of weight, storage and size, with offset integers.
std::vector<PackingCase> allPackingCases();
/// Those of integers once more, with signed ones.
std::vector<PackingCase> inBothCodes(std::vector<PackingCase> cases);

class Packing : public testing::TestWithParam<PackingCase> {
protected:
  Packing() {
    context.loadDialect<gemma::GemmaDialect, kernel::KernelDialect>();
    const PackingCase &test = GetParam();
    type = packedTypeFor(test.shape, gemma::FormatAttr::get(&context, test.kind, test.group, test.scale), test.use,
                         {test.code, test.scaleSteps});
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
    if (hasScaleSteps(shape.format)) {
      return static_cast<float>(static_cast<int8_t>(*at)) * readStep(base, row);
    }
    uint16_t bits;
    float value;
    std::memcpy(&bits, at, sizeof(bits));
    std::memcpy(&value, at, sizeof(value));
    return isGrouped(shape.format) ? fromBFloat16(bits) : value;
  }

  float readStep(uint64_t base, uint64_t row) const {
    uint16_t bits;
    std::memcpy(&bits, packed.data() + base + matrixStep(shape.format, shape.paddedColumns, row), sizeof(bits));
    return fromBFloat16(bits);
  }

  /// Where logical row `row` lies: byte offset of its matrix, and its padded row there.
  std::pair<uint64_t, uint64_t> placeOf(uint64_t row) const {
    uint64_t expertRows = shape.parts * shape.partRows;
    uint64_t inside = row % expertRows;
    return {row / expertRows * shape.expertBytes,
            inside / shape.partRows * shape.paddedPartRows + inside % shape.partRows};
  }

  mlir::MLIRContext context;
  kernel::PackedType type;
  PackedShape shape;
  uint64_t rows = 0, columns = 0;
  std::vector<float> values;
  std::vector<uint8_t> packed;
};

} // namespace lapidary

#endif // LAPIDARY_TEST_TARGETS_PACKING_PACKINGFIXTURE_H
