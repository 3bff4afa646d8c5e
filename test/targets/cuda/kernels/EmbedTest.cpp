//===- EmbedTest.cpp - rows of tables and of tied matrices -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Elements are placed through targets/common/PackedLayout.h; an output is one product of floats, so bits are compared.
//===----------------------------------------------------------------------===//
#include "KernelFixture.h"

#include "runtime/src/cuda/Kernels.h"
#include "targets/common/KernelNames.h"
#include "targets/common/PackedLayout.h"

#include <cmath>
#include <cstring>
#include <random>

namespace lapidary::cuda::test {

namespace {

constexpr float untouched = 12345, outScale = 0.3f;

class Embed : public testing::TestWithParam<lap_format> {
protected:
  static constexpr unsigned tableRows = 40;
  const lap_format format = GetParam();
  std::mt19937 random{unsigned(format)};

  /// Stores a random element, returns what it means.
  float put(std::vector<uint8_t> &bytes, PackedPlace place, float scale) {
    if (format == LAP_F32 || format == LAP_BF16) {
      const float value = float(int(random() % 512) - 256) / 128;
      uint32_t bits;
      std::memcpy(&bits, &value, 4);
      bits >>= format == LAP_BF16 ? 16 : 0;
      std::memcpy(bytes.data() + place.byte, &bits, elementBytes(format));
      return value;
    }
    const int zero = zeroPoint(format), integer = int(random() % unsigned(2 * zero)) - zero;
    writeInteger(format, IntegerCode::Signed, bytes.data(), place, integer);
    return float(integer) * scale;
  }

  /// Stores a random scale, if the format has any: bf16 in groups (or int8, in steps of that at `stepAt`), else f32.
  float putScale(std::vector<uint8_t> &bytes, uint64_t at, uint64_t stepAt = 0) {
    if (hasScaleSteps(format)) {
      bytes[at] = uint8_t(random());
      const uint16_t exponent = uint16_t(bytes[stepAt] | bytes[stepAt + 1] << 8) >> 7;
      return std::ldexp(float(int8_t(bytes[at])), exponent - 127);
    }
    const uint32_t bits = (0x3c00 + random() % 0x100) << 16;
    if (isGrouped(format)) {
      const uint16_t half = uint16_t(bits >> 16);
      std::memcpy(bytes.data() + at, &half, 2);
    } else {
      std::memcpy(bytes.data() + at, &bits, 4);
    }
    float scale;
    std::memcpy(&scale, &bits, 4);
    return scale;
  }
  /// Stores the row's step, a power of two between 2^-16 and 2^-1.
  void putStep(std::vector<uint8_t> &bytes, uint64_t at) {
    const uint16_t bits = uint16_t((111 + random() % 16) << 7);
    std::memcpy(bytes.data() + at, &bits, 2);
  }
  bool hasScales() const { return isGrouped(format) || isRowScaled(format); }

  /// Launches with ids (none: the table's rows in order) and compares with `meant`.
  void check(const char *op, const std::vector<uint8_t> &bytes, int64_t stride, const std::vector<int32_t> &ids,
             unsigned columns, unsigned scaleColumns, const std::vector<float> &meant) {
    const unsigned rows = ids.empty() ? tableRows : unsigned(ids.size()), outColumns = columns + 8;
    const Memory<uint8_t> table(bytes);
    const Memory<int32_t> chosen(ids.empty() ? std::vector<int32_t>(1) : ids);
    const Memory<float> out(size_t(rows) * outColumns, untouched);
    launch<lap::cuda::Embed>(std::string(formatName(format)) + "-" + op + "-1x128-cuda",
                             Grid{(columns + 127) / 128, rows}, table.address, stride, ids.empty() ? 0 : chosen.address,
                             out.address, int32_t(outColumns * 4), int32_t(columns), int32_t(scaleColumns), outScale);
    const std::vector<float> got = out.read();
    for (unsigned row = 0; row < rows; ++row) {
      const unsigned id = ids.empty() ? row : unsigned(ids[row]);
      for (unsigned column = 0; column < outColumns; ++column) {
        const float want = column < columns ? meant[id * columns + column] * outScale : untouched;
        ASSERT_EQ(got[row * outColumns + column], want) << row << ", " << column;
      }
    }
  }
};

class EmbedTable : public Embed {};

TEST_P(Embed, ReadsRowsOfTiles) {
  for (unsigned columns : {32u, 160u, 288u}) {
    std::vector<uint8_t> bytes(matrixBytes(format, tableRows, columns));
    std::vector<float> meant;
    for (unsigned row = 0; row < tableRows; ++row) {
      float scale = 0;
      const uint64_t step = matrixStep(format, columns, row);
      if (hasScaleSteps(format)) {
        putStep(bytes, step);
      }
      for (unsigned column = 0; column < columns; ++column) {
        if (hasScales() && (column == 0 || (isGrouped(format) && column % LAP_GROUP == 0))) {
          scale = putScale(bytes, matrixScale(format, columns, row, isGrouped(format) ? column / LAP_GROUP : 0), step);
        }
        meant.push_back(put(bytes, matrixElement(format, columns, row, column), scale));
      }
    }
    check("embed", bytes, int64_t(tileBytes(format, columns)), {0, 39, 16, 7, 31}, columns, 0, meant);
  }
}

TEST_P(EmbedTable, ReadsGatheredRowsOfTables) {
  for (unsigned scaleColumns : {0u, 64u, 256u}) {
    const unsigned columns = 288, own = isGrouped(format) ? LAP_GROUP : scaleColumns ? scaleColumns : columns;
    if (scaleColumns && !isRowScaled(format)) {
      continue;
    }
    std::vector<uint8_t> bytes(tableBytes(format, tableRows, columns, own));
    std::vector<float> meant;
    for (unsigned row = 0; row < tableRows; ++row) {
      float scale = 0;
      for (unsigned column = 0; column < columns; ++column) {
        if (hasScales() && column % own == 0) {
          scale = putScale(bytes, tableScale(format, columns, row, column / own, own));
        }
        meant.push_back(put(bytes, tableElement(format, columns, row, column, own), scale));
      }
    }
    check("embed_table", bytes, int64_t(tableRowBytes(format, columns, own)), {}, columns, scaleColumns, meant);
  }
}

/// Scales in steps are those of matrices only.
std::vector<lap_format> tableFormats() {
  std::vector<lap_format> formats = kernelFormats(KernelOp::Embed);
  llvm::erase_if(formats, hasScaleSteps);
  return formats;
}

std::string caseName(const testing::TestParamInfo<lap_format> &info) { return std::string(formatName(info.param)); }

INSTANTIATE_TEST_SUITE_P(Formats, Embed, testing::ValuesIn(kernelFormats(KernelOp::Embed)), caseName);
INSTANTIATE_TEST_SUITE_P(Formats, EmbedTable, testing::ValuesIn(tableFormats()), caseName);

} // namespace

} // namespace lapidary::cuda::test
