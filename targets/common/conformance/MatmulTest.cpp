// MatmulTest.cpp - matvec, matmat, quantize against scalar references, bit for bit.
// SPDX-License-Identifier: Apache-2.0
//
// The references use the same order and fused multiply-adds as the algorithms define, so equality is exact, also
// between one lane and three, and between one row at a time and all at once.
#include "targets/common/PackedLayout.h"
#include "targets/common/conformance/Harness.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace lapidary;
using namespace lapidary::conformance;

namespace {

struct Case {
  lap_format format;
  uint32_t rows, columns, tokens;
};

/// One output element from an f32 row.
float floatReference(const Matrix &w, uint32_t row, const float *x) {
  float sum = 0.0f;
  for (uint32_t c = 0; c < w.columns; ++c) {
    sum = std::fma(w.at(row, c), x[c], sum);
  }
  return sum;
}

/// One output element from a q8 row.
float groupReference(const Matrix &w, uint32_t row, const uint8_t *x) {
  const uint32_t padded = static_cast<uint32_t>(padColumns(w.columns)), groups = padded / LAP_GROUP;
  const int8_t *values = reinterpret_cast<const int8_t *>(x);
  const float *scales = reinterpret_cast<const float *>(x + padded);
  float sum = 0.0f;
  for (uint32_t g = 0; g < groups; ++g) {
    int dot = 0;
    for (uint32_t c = g * LAP_GROUP; c < std::min((g + 1) * LAP_GROUP, w.columns); ++c) {
      dot += w.integers[static_cast<size_t>(row) * w.columns + c] * values[c];
    }
    sum = std::fma(static_cast<float>(dot), w.scales[row * groups + g] * scales[g], sum);
  }
  return sum;
}

class MatmulConformance : public testing::TestWithParam<Case> {
protected:
  void SetUp() override {
    if (!skipReason().empty()) {
      GTEST_SKIP() << skipReason();
    }
  }
};

std::string caseName(const testing::TestParamInfo<Case> &info) {
  const Case &c = info.param;
  return std::string(formatName(c.format)) + "_" + std::to_string(c.rows) + "x" + std::to_string(c.columns) + "_" +
         std::to_string(c.tokens) + "tokens";
}

std::vector<Case> allCases() {
  std::vector<Case> cases;
  for (lap_format format : kernelFormats(KernelOp::Matvec)) {
    for (uint32_t tokens : {1u, 2u, 3u, 4u, 7u, 8u, 13u, 24u}) {
      for (auto [rows, columns] : {std::pair{16u, 32u}, {40u, 48u}, {176u, 64u}, {100u, 352u}, {80u, 1536u}}) {
        cases.push_back({format, rows, columns, tokens});
      }
    }
  }
  return cases;
}

TEST_P(MatmulConformance, EqualsTheScalarReferenceOnAnyNumberOfLanes) {
  const Case c = GetParam();
  Random random(c.rows * 31 + c.columns * 7 + c.tokens);
  Machine machine;
  const Matrix w = randomMatrix(c.format, c.rows, c.columns, random);
  lap_buffer x = machine.buffer(1, 0, c.columns, c.tokens);
  machine.fill(x, c.tokens, c.columns, random);
  lap_matmul_args args = {x, machine.buffer(1, 0, c.rows, c.tokens), machine.packMatrix({w})};
  if (isGrouped(c.format)) {
    args.x = machine.quantizedBuffer(1, 0, c.columns, c.tokens);
    const lap_quantize_args quantize = {x, args.x};
    machine.run(1, c.tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t lanes) {
      lap_op_quantize(step, &quantize, kernel(KernelOp::Quantize), lane, lanes);
    });
  }
  std::vector<float> all;
  for (uint32_t lanes = 1; lanes <= 3; ++lanes) {
    machine.run(lanes, c.tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
      lap_op_matmul(step, &args, kernel(KernelOp::Matvec, c.format), kernel(KernelOp::Matmat, c.format), lane, count);
    });
    EXPECT_TRUE(machine.paddingIsZero(args.out, c.tokens, c.rows));
    for (uint32_t t = 0; t < c.tokens; ++t) {
      for (uint32_t row = 0; row < c.rows; ++row) {
        const float expected = isGrouped(c.format) ? groupReference(w, row, machine.bytes(args.x, t))
                                                   : floatReference(w, row, machine.floats(args.x, t));
        ASSERT_EQ(machine.floats(args.out, t)[row], expected) << "token " << t << ", row " << row;
        all.push_back(expected);
      }
    }
  }
  expectMostlyNonZero(all);
}

INSTANTIATE_TEST_SUITE_P(Shapes, MatmulConformance, testing::ValuesIn(allCases()), caseName);

TEST(MatmulConformanceSuite, HasCases) { ASSERT_GT(allCases().size(), 100u); }

/// The largest magnitudes: every product of one sign, where a saturating instruction would clip.
TEST(MatmulConformanceSuite, ExtremeIntegersDoNotSaturate) {
  if (!skipReason().empty()) {
    GTEST_SKIP() << skipReason();
  }
  for (lap_format format : {LAP_W8G32, LAP_W4G32}) {
    for (int sign : {-1, 1}) {
      const uint32_t columns = 64;
      Matrix w{format, 16, columns, {}, std::vector<int>(16 * columns), std::vector<float>(16 * 2, 1.0f), LAP_GROUP};
      for (int &value : w.integers) {
        value = sign < 0 ? -zeroPoint(format) : zeroPoint(format) - 1;
      }
      Machine machine;
      lap_matmul_args args = {machine.quantizedBuffer(1, 0, columns, 8), machine.buffer(1, 0, 16, 8),
                              machine.packMatrix({w})};
      for (uint32_t t = 0; t < 8; ++t) {
        uint8_t *row = machine.bytes(args.x, t);
        std::memset(row, t % 2 ? 127 : static_cast<uint8_t>(-127), columns);
        const float scales[2] = {1.0f, 1.0f};
        const int32_t sum = 32 * (t % 2 ? 127 : -127), sums[2] = {sum, sum};
        std::memcpy(row + columns, scales, 8);
        std::memcpy(row + columns + 8, sums, 8);
      }
      for (uint32_t tokens : {1u, 8u}) {
        machine.run(1, tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t lanes) {
          lap_op_matmul(step, &args, kernel(KernelOp::Matvec, format), kernel(KernelOp::Matmat, format), lane, lanes);
        });
        for (uint32_t t = 0; t < tokens; ++t) {
          ASSERT_EQ(machine.floats(args.out, t)[5], groupReference(w, 5, machine.bytes(args.x, t)));
        }
      }
    }
  }
}

TEST(QuantizeConformance, EqualsTheScalarReference) {
  if (!skipReason().empty()) {
    GTEST_SKIP() << skipReason();
  }
  uint32_t cases = 0;
  for (uint32_t columns : {32u, 48u, 352u, 1536u, 2080u}) {
    for (uint32_t lanes : {1u, 2u, 3u}) {
      const uint32_t tokens = 3;
      Random random(columns);
      Machine machine;
      const lap_quantize_args args = {machine.buffer(1, 0, columns, tokens),
                                      machine.quantizedBuffer(1, 0, columns, tokens)};
      machine.fill(args.x, tokens, columns, random, 3.0f);
      std::memset(machine.floats(args.x, 1), 0, 32 * 4); // a group of zeros
      machine.run(lanes, tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
        lap_op_quantize(step, &args, kernel(KernelOp::Quantize), lane, count);
      });
      const uint32_t padded = args.x.columns, groups = padded / LAP_GROUP;
      for (uint32_t i = 0; i < tokens * groups; ++i, ++cases) {
        const uint32_t t = i / groups, g = i % groups;
        const float *x = machine.floats(args.x, t) + g * LAP_GROUP;
        const uint8_t *row = machine.bytes(args.out, t);
        float largest = 0.0f, scale;
        int32_t sum = 0, storedSum;
        for (uint32_t c = 0; c < LAP_GROUP; ++c) {
          largest = std::max(largest, std::fabs(x[c]));
        }
        std::memcpy(&scale, row + padded + g * 4, 4);
        std::memcpy(&storedSum, row + padded + groups * 4 + g * 4, 4);
        ASSERT_EQ(scale, largest / 127.0f);
        for (uint32_t c = 0; c < LAP_GROUP; ++c) {
          const int value = scale > 0.0f ? static_cast<int>(std::nearbyint(x[c] / scale)) : 0;
          ASSERT_EQ(static_cast<int8_t>(row[g * LAP_GROUP + c]), value) << "token " << t << ", group " << g;
          sum += value;
        }
        ASSERT_EQ(storedSum, sum);
      }
    }
  }
  ASSERT_GT(cases, 0u);
}

} // namespace
