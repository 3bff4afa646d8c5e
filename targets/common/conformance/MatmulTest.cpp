// MatmulTest.cpp - matvec and matmat against scalar references, bit for bit.
// SPDX-License-Identifier: Apache-2.0
//
// The references use the same order and fused multiply-adds as the algorithms define, so equality is exact, also
// between one lane and three, and between one row at a time and all at once. Where floats are a target's own, group
// formats are only near, within what rounding can do.
#include "targets/common/PackedLayout.h"
#include "targets/common/conformance/Harness.h"
#include "targets/common/conformance/MatmulReference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace lapidary;
using namespace lapidary::conformance;

namespace {

struct Case {
  lap_format format;
  lap_element element;
  uint32_t rows, columns, tokens;
};

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
  return std::string(formatName(c.format)) + "_" + elementName(c.element) + "_" + std::to_string(c.rows) + "x" +
         std::to_string(c.columns) + "_" + std::to_string(c.tokens) + "tokens";
}

std::vector<lap_element> elementsOf(lap_format format) {
  if (isRowScaled(format)) {
    return {LAP_ROWS_I8, LAP_ROWS_R24};
  }
  return isGrouped(format) ? std::vector<lap_element>{LAP_ROWS_Q8, LAP_ROWS_Q24}
                           : std::vector<lap_element>{LAP_ROWS_F32};
}

std::vector<Case> allCases() {
  std::vector<Case> cases;
  for (lap_format format : kernelFormats(KernelOp::Matvec)) {
    for (lap_element element : elementsOf(format)) {
      for (uint32_t tokens : {1u, 2u, 3u, 4u, 7u, 8u, 13u, 24u}) {
        for (auto [rows, columns] : {std::pair{16u, 32u}, {40u, 48u}, {176u, 64u}, {100u, 352u}, {96u, 1536u}}) {
          cases.push_back({format, element, rows, columns, tokens});
        }
      }
    }
  }
  for (lap_format format : {LAP_W2ROW, LAP_W4ROW, LAP_W8ROW}) { // more rows than a kernel takes at once
    cases.push_back({format, LAP_ROWS_R24, 48, 160, 150});
  }
  return cases;
}

/// A product whose input is random, quantized by the quantizer's driver.
struct Scene {
  Scene(const Case &c, Machine &machine, Random &random)
      : c(c), machine(machine), w(randomMatrix(c.format, c.rows, c.columns, random)) {
    const lap_buffer x = machine.buffer(1, 0, c.columns, c.tokens);
    machine.fill(x, c.tokens, c.columns, random);
    args.x = x;
    args.out = machine.buffer(1, 0, c.rows, c.tokens);
    args.w = machine.packMatrix({w});
    if (c.element != LAP_ROWS_F32) {
      args.x = machine.quantizedBuffer(1, 0, c.columns, c.tokens, c.element);
      args.input_step = c.element == LAP_ROWS_I8 ? 0.021f : 0.0f; // some values are clamped
      const lap_quantize_args quantize = {x, args.x, args.input_step, 0};
      machine.run(1, c.tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t lanes) {
        lap_op_quantize(step, &quantize, quantizer(c.element), kernel(KernelOp::QuantizeResidual), lane, lanes);
      });
    }
  }

  float expected(uint32_t row, uint32_t token) const {
    const uint8_t *x = machine.bytes(args.x, token);
    if (isRowScaled(c.format)) {
      return rounded(row, rowReference(w, row, x, c.element, args.input_step));
    }
    return isGrouped(c.format) ? groupReference(w, row, x, c.element).value
                               : floatReference(w, row, reinterpret_cast<const float *>(x));
  }

  float rounded(uint32_t row, double y) const {
    for (uint32_t i = 0; i < args.out_step_count; ++i) {
      if (row < args.out_steps[i].columns_end) {
        const float step = args.out_steps[i].step;
        const double steps = std::clamp(std::nearbyint(y / static_cast<double>(step)), -128.0, 127.0);
        return step == 0.0f ? static_cast<float>(y) : step * static_cast<float>(steps);
      }
    }
    return static_cast<float>(y);
  }

  /// Equal, or near where the target's floats are its own.
  bool isExpected(float got, uint32_t row, uint32_t token) const {
    if (definedBits() || !isGrouped(c.format)) {
      return got == expected(row, token);
    }
    const GroupOutput output = groupReference(w, row, machine.bytes(args.x, token), c.element);
    return std::fabs(static_cast<double>(got) - output.value) <= output.slack();
  }

  /// Every output on 1..3 lanes against the reference.
  void check() const {
    std::vector<float> all;
    for (uint32_t lanes = 1; lanes <= 3; ++lanes) {
      machine.run(lanes, c.tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
        lap_op_matmul(step, &args, kernel(KernelOp::Matvec, c.format), kernel(KernelOp::Matmat, c.format), lane, count);
      });
      EXPECT_TRUE(machine.paddingIsZero(args.out, c.tokens, c.rows));
      for (uint32_t i = 0; i < c.tokens * c.rows; ++i) {
        const uint32_t t = i / c.rows, row = i % c.rows;
        const float got = machine.floats(args.out, t)[row];
        ASSERT_TRUE(isExpected(got, row, t))
            << got << " instead of " << expected(row, t) << ", token " << t << ", row " << row;
        all.push_back(got);
        ASSERT_EQ(got, all[i]) << lanes << " lanes, token " << t << ", row " << row; // i: of one lane
      }
    }
    expectMostlyNonZero(all);
  }

  Case c;
  Machine &machine;
  Matrix w;
  lap_matmul_args args = {};
};

TEST_P(MatmulConformance, EqualsTheScalarReferenceOnAnyNumberOfLanes) {
  const Case c = GetParam();
  Random random(c.rows * 31 + c.columns * 7 + c.tokens);
  Machine machine;
  Scene(c, machine, random).check();
}

INSTANTIATE_TEST_SUITE_P(Shapes, MatmulConformance, testing::ValuesIn(allCases()), caseName);

TEST(MatmulConformanceSuite, HasCases) { ASSERT_GT(allCases().size(), 100u); }

/// Stacked products: every part has a step of its own, or none.
TEST(MatmulConformanceSuite, OutputsAreRoundedByTheirPartOfAStack) {
  if (!skipReason().empty()) {
    GTEST_SKIP() << skipReason();
  }
  for (lap_format format : {LAP_W2ROW, LAP_W4ROW, LAP_W8ROW}) {
    for (lap_element element : elementsOf(format)) {
      for (uint32_t tokens : {1u, 9u}) {
        Random random(format);
        Machine machine;
        Scene scene({format, element, 224, 96, tokens}, machine, random);
        float largest = 0;
        for (uint32_t row = 0; row < 224; ++row) {
          largest = std::max(largest, std::fabs(scene.expected(row, 0)));
        }
        const lap_out_step steps[] = {{32, largest / 90}, {96, 0.0f}, {160, largest / 300}};
        std::copy(std::begin(steps), std::end(steps), scene.args.out_steps);
        scene.args.out_step_count = 3;
        scene.check();
      }
    }
  }
}

/// More bytes than an item has: few rows are multiplied from several places at a time, which do not divide the tiles.
TEST(MatmulConformanceSuite, FewRowsOfALargeMatrix) {
  if (!skipReason().empty()) {
    GTEST_SKIP() << skipReason();
  }
  const uint32_t rows = slowMachine() ? 16 * 11 : 16 * 139, columns = slowMachine() ? 512 : 1024;
  for (lap_format format : {LAP_F32, LAP_BF16, LAP_W8G32, LAP_W4G32, LAP_W4G32S8, LAP_W8ROW, LAP_W4ROW, LAP_W2ROW}) {
    for (lap_element element : elementsOf(format)) {
      Random random(format);
      Machine machine;
      Scene scene({format, element, rows, columns, 4}, machine, random);
      if (isRowScaled(format)) {
        const lap_out_step steps[] = {{rows / 32 * 16, 0.25f}, {rows / 32 * 16 + 48, 0.0f}};
        std::copy(std::begin(steps), std::end(steps), scene.args.out_steps);
        scene.args.out_step_count = 2;
      }
      for (uint32_t tokens : {1, 2, 3, 4}) {
        scene.c.tokens = tokens;
        scene.check();
      }
    }
  }
}

/// A row of one value, with scales of 1.
void setExtremeRow(uint8_t *row, lap_element element, uint32_t columns, int value) {
  const uint32_t groups = columns / LAP_GROUP;
  std::memset(row, static_cast<uint8_t>(value), element == LAP_ROWS_R24 ? LAP_PLANES * columns : columns);
  for (uint32_t g = 0; g < (element == LAP_ROWS_R24 ? 1 : groups) && element != LAP_ROWS_I8; ++g) {
    const float scale = 1.0f;
    const int32_t sum = static_cast<int32_t>(LAP_GROUP) * value;
    std::memcpy(row + (element == LAP_ROWS_R24 ? LAP_PLANES : 1) * columns + g * 4, &scale, 4);
    if (element == LAP_ROWS_Q8) {
      std::memcpy(row + columns + groups * 4 + g * 4, &sum, 4);
    }
  }
}

/// The largest magnitudes: every product of one sign, where a saturating instruction would clip.
TEST(MatmulConformanceSuite, ExtremeIntegersDoNotSaturate) {
  if (!skipReason().empty()) {
    GTEST_SKIP() << skipReason();
  }
  const uint32_t columns = 192;
  for (lap_format format : {LAP_W8G32, LAP_W4G32, LAP_W4G32S8, LAP_W8ROW, LAP_W4ROW, LAP_W2ROW}) {
    for (lap_element element : elementsOf(format)) {
      for (int sign : {-1, 1}) {
        if (element == LAP_ROWS_Q24) {
          continue; // the kernel's planes are alike
        }
        Random random(1);
        Machine machine;
        Scene scene({format, element, 16, columns, 8}, machine, random);
        for (int &value : scene.w.integers) {
          value = sign < 0 ? -zeroPoint(format) : zeroPoint(format) - 1;
        }
        scene.args.w = machine.packMatrix({scene.w});
        for (uint32_t t = 0; t < 8; ++t) {
          setExtremeRow(machine.bytes(scene.args.x, t), element, columns,
                        t % 2                    ? 127
                        : element == LAP_ROWS_Q8 ? -127
                                                 : -128);
        }
        scene.check();
        scene.c.tokens = 1;
        scene.check();
      }
    }
  }
}

} // namespace
