//===- GridPackingTest.cpp - weights that are on a grid already ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints that were trained for a grid of four bits must lose nothing when they are packed.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/BFloat16.h"
#include "targets/common/packing/PackedShape.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

using namespace lapidary;

namespace {

/// What the input looks like does not matter to rows that need no rounding.
TEST(GridPacking, FeedbackKeepsRowsThatAreOnAGrid) {
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
TEST(GridPacking, CountsTheGroupsThatKeepTheirGrid) {
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
