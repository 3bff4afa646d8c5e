//===- SecondMomentsTest.cpp - X^T X of rows ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Against the definition, for one narrow block, a full one, and blocks with a narrow last one.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/SecondMoments.h"

#include "targets/common/PackedLayout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

using namespace lapidary;

namespace {

TEST(SecondMoments, AreSumsOfProductsInsideABlock) {
  for (uint64_t columns : {32, 512, 544}) {
    constexpr uint64_t rows = 3;
    const uint64_t stride = momentStride(columns);
    std::vector<float> values(rows * columns), moments(columns * stride, 1.0f);
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(i % 13) - 6.0f;
    }
    addMoments(values.data(), rows, columns, moments.data());
    for (uint64_t i = 0; i < columns; ++i) {
      const uint64_t first = i / stride * stride;
      for (uint64_t j = first; j < std::min(first + stride, columns); ++j) {
        float expected = 1.0f; // what was there stays
        for (uint64_t row = 0; row < rows; ++row) {
          expected += values[row * columns + i] * values[row * columns + j];
        }
        ASSERT_EQ(moments[i * stride + j - first], expected) << columns << " columns, " << i << ", " << j;
      }
    }
  }
}

} // namespace
