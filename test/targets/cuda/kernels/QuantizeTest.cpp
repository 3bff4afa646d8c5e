//===- QuantizeTest.cpp - rows to integers, bit for bit ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The definition is in floats (targets/common/algorithms/Rows.cpp): the same operations in the same order give the same
// bits.
//===----------------------------------------------------------------------===//
#include "KernelFixture.h"

#include "runtime/src/cuda/Kernels.h"
#include "targets/common/PackedLayout.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

namespace lapidary::cuda::test {

namespace {

constexpr uint8_t untouched = 0xee;

class Quantize : public testing::TestWithParam<unsigned> {
protected:
  static constexpr unsigned rows = 4;
  const unsigned columns = GetParam();
  std::vector<float> x;

  /// Groups of very different sizes, one of zeros, one row of zeros, values on ties.
  void SetUp() override {
    std::mt19937 random(columns);
    std::normal_distribution<float> number;
    for (unsigned row = 0; row < rows; ++row) {
      for (unsigned column = 0; column < columns; ++column) {
        const unsigned group = column / LAP_GROUP;
        x.push_back(row == 3 || group % 5 == 4 ? 0 : std::ldexp(number(random), int(group % 7) - 3));
      }
    }
    x[0] = 127, x[1] = 0.5f, x[2] = 1.5f, x[3] = -2.5f; // group 0 of row 0: scale 1 if nothing is larger
  }

  std::vector<uint8_t> run(const std::string &name, Grid grid, lap_element element, float step = 0) {
    const uint64_t bytes = activationRowBytes(element, columns) + 64;
    const Memory<float> input(x);
    const Memory<uint8_t> out(rows * bytes, untouched);
    launch<lap::cuda::Quantize>(name, grid, input.address, int32_t(columns * 4), out.address, int32_t(bytes),
                                int32_t(columns), step);
    rowBytes = bytes;
    return out.read();
  }
  Grid columnGrid() const { return {(columns + 127) / 128, rows}; }

  /// One plane of a row, as the definition makes it; what is left of the values stays in `values`.
  void expectPlane(const std::vector<uint8_t> &out, uint64_t plane, std::vector<float> &values) {
    for (unsigned first = 0; first < columns; first += LAP_GROUP) {
      float largest = 0;
      for (unsigned i = first; i < first + LAP_GROUP; ++i) {
        largest = std::max(largest, std::fabs(values[i]));
      }
      const float scale = largest / 127;
      int32_t sum = 0;
      for (unsigned i = first; i < first + LAP_GROUP; ++i) {
        const float whole = scale > 0 ? std::clamp(std::nearbyint(values[i] / scale), -127.0f, 127.0f) : 0;
        ASSERT_EQ(readAt<int8_t>(out, plane + i), int(whole)) << i;
        sum += int(whole);
        values[i] = std::fma(-scale, whole, values[i]);
      }
      ASSERT_EQ(readAt<float>(out, plane + columns + first / LAP_GROUP * 4), scale) << first;
      ASSERT_EQ(readAt<int32_t>(out, plane + columns + columns / LAP_GROUP * 4 + first / LAP_GROUP * 4), sum) << first;
    }
  }

  void expectPlanes(const std::vector<uint8_t> &out, unsigned planes) {
    for (unsigned row = 0; row < rows; ++row) {
      std::vector<float> values(x.begin() + row * columns, x.begin() + (row + 1) * columns);
      for (unsigned plane = 0; plane < planes; ++plane) {
        expectPlane(out, row * rowBytes + plane * roundUp(q8RowBytes(columns), 64), values);
      }
      ASSERT_EQ(out[(row + 1) * rowBytes - 64], untouched);
    }
  }

  uint64_t rowBytes = 0;
};

TEST_P(Quantize, GroupsHaveAScaleAndASum) {
  expectPlanes(run("f32-quantize_q8-1x128-cuda", columnGrid(), LAP_ROWS_Q8), 1);
}

TEST_P(Quantize, ThreePlanesRoundWhatIsLeft) {
  expectPlanes(run("f32-quantize_q24-1x128-cuda", columnGrid(), LAP_ROWS_Q24), LAP_PLANES);
}

TEST_P(Quantize, StaticStepsTieToEven) {
  const std::vector<uint8_t> out = run("f32-quantize_i8-1x128-cuda", columnGrid(), LAP_ROWS_I8, 0.25f);
  for (unsigned row = 0; row < rows; ++row) {
    for (unsigned column = 0; column < columns; ++column) {
      const float whole = std::clamp(std::nearbyint(x[row * columns + column] / 0.25f), -128.0f, 127.0f);
      ASSERT_EQ(readAt<int8_t>(out, row * rowBytes + column), int(whole)) << row << ", " << column;
    }
    ASSERT_EQ(out[row * rowBytes + columns], untouched);
  }
  EXPECT_EQ(readAt<int8_t>(out, 0), 127);
}

TEST_P(Quantize, RowsHaveTwentyFourBits) {
  const std::vector<uint8_t> out = run("f32-quantize_r24-1x256-cuda", Grid{1, rows}, LAP_ROWS_R24);
  constexpr float steps = 127.0f * 65536;
  for (unsigned row = 0; row < rows; ++row) {
    const float *values = x.data() + row * columns;
    float largest = 0;
    for (unsigned column = 0; column < columns; ++column) {
      largest = std::max(largest, std::fabs(values[column]));
    }
    const float scale = largest / steps;
    ASSERT_EQ(readAt<float>(out, row * rowBytes + LAP_PLANES * columns), scale);
    for (unsigned column = 0; column < columns; ++column) {
      const float whole = scale > 0 ? std::clamp(std::nearbyint(values[column] / scale), -steps, steps) : 0;
      int sum = 0;
      for (unsigned plane = 0; plane < LAP_PLANES; ++plane) {
        sum = sum * 256 + readAt<int8_t>(out, row * rowBytes + plane * columns + column);
      }
      ASSERT_EQ(sum, int(whole)) << row << ", " << column;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Columns, Quantize, testing::Values(32u, 160u, 544u));

} // namespace

} // namespace lapidary::cuda::test
