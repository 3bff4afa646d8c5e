// MatmulTest.cpp - matvec, matmat, quantize against scalar references, bit for bit.
// SPDX-License-Identifier: Apache-2.0
//
// The references use the same order and fused multiply-adds as the algorithms define, so equality is exact, also
// between one lane and three, and between one row at a time and all at once. Where floats are a target's own, group
// formats are only near, within what rounding can do.
#include "targets/common/PackedLayout.h"
#include "targets/common/conformance/Harness.h"

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

/// One output element from an f32 row.
float floatReference(const Matrix &w, uint32_t row, const float *x) {
  float sum = 0.0f;
  for (uint32_t c = 0; c < w.columns; ++c) {
    sum = std::fma(w.at(row, c), x[c], sum);
  }
  return sum;
}

int dot(const Matrix &w, uint32_t row, const int8_t *values, uint32_t first, uint32_t end) {
  int sum = 0;
  for (uint32_t c = first; c < std::min(end, w.columns); ++c) {
    sum += w.integerAt(row, c) * values[c];
  }
  return sum;
}

struct GroupOutput {
  float value;      // as defined
  double magnitude; // of all terms, added up
  uint32_t terms;

  /// What `value` may differ where no multiply-add is fused and every operation is off by up to a unit in the last
  /// place: of a term, its two products; of the partial sums, which `magnitude` bounds, each.
  double slack() const { return magnitude * (terms + 2) * 0x1p-23; }
};

/// One output element from a q8 or q24 row.
GroupOutput groupReference(const Matrix &w, uint32_t row, const uint8_t *x, lap_element element) {
  const uint32_t padded = static_cast<uint32_t>(padColumns(w.columns));
  const uint64_t planeBytes = activationRowBytes(LAP_ROWS_Q8, padded);
  GroupOutput out = {};
  for (uint32_t g = 0; g < padded / LAP_GROUP; ++g) {
    for (uint32_t plane = 0; plane < (element == LAP_ROWS_Q24 ? unsigned(LAP_PLANES) : 1u); ++plane) {
      const uint8_t *start = x + plane * planeBytes;
      const float *scales = reinterpret_cast<const float *>(start + padded);
      const int sumOfGroup = dot(w, row, reinterpret_cast<const int8_t *>(start), g * LAP_GROUP, (g + 1) * LAP_GROUP);
      const float scale = w.scaleAt(row, g * LAP_GROUP) * scales[g];
      out.value = std::fma(static_cast<float>(sumOfGroup), scale, out.value);
      out.magnitude += std::fabs(static_cast<double>(sumOfGroup) * scale);
      ++out.terms;
    }
  }
  return out;
}

/// One output element from an i8 (scale `step`) or r24 row, not rounded.
double rowReference(const Matrix &w, uint32_t row, const uint8_t *x, lap_element element, float step) {
  const uint32_t padded = static_cast<uint32_t>(padColumns(w.columns));
  const int8_t *values = reinterpret_cast<const int8_t *>(x);
  const float weight = w.scaleAt(row, 0);
  const uint32_t planes = element == LAP_ROWS_I8 ? 1 : LAP_PLANES;
  float scale = step;
  if (element == LAP_ROWS_R24) {
    std::memcpy(&scale, x + LAP_PLANES * padded, sizeof(scale));
  }
  int64_t sum = 0;
  for (uint32_t plane = 0; plane < planes; ++plane) {
    sum = 256 * sum + dot(w, row, values + plane * padded, 0, padded);
  }
  return static_cast<double>(sum) * (static_cast<double>(scale) * static_cast<double>(weight));
}

lap_kernel *quantizer(lap_element element) {
  return kernel(element == LAP_ROWS_I8    ? KernelOp::QuantizeStatic
                : element == LAP_ROWS_R24 ? KernelOp::QuantizeRow
                                          : KernelOp::Quantize);
}

class MatmulConformance : public testing::TestWithParam<Case> {
protected:
  void SetUp() override {
    if (!skipReason().empty()) {
      GTEST_SKIP() << skipReason();
    }
  }
};

constexpr const char *elementNames[] = {"f32", "q8", "q24", "i8", "r24"};

std::string caseName(const testing::TestParamInfo<Case> &info) {
  const Case &c = info.param;
  return std::string(formatName(c.format)) + "_" + elementNames[c.element] + "_" + std::to_string(c.rows) + "x" +
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
    if (definedFloats() || !isGrouped(c.format)) {
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
  for (lap_format format : {LAP_F32, LAP_BF16, LAP_W8G32, LAP_W4G32, LAP_W8ROW, LAP_W4ROW, LAP_W2ROW}) {
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
  for (lap_format format : {LAP_W8G32, LAP_W4G32, LAP_W8ROW, LAP_W4ROW, LAP_W2ROW}) {
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

class QuantizeConformance : public testing::TestWithParam<lap_element> {
protected:
  static constexpr uint32_t Tokens = 3;

  void SetUp() override {
    if (!skipReason().empty()) {
      GTEST_SKIP() << skipReason();
    }
  }

  /// Calls check(x row, out row, padded columns) for every row of every shape.
  template <typename Check> void forRows(float step, Check check) {
    for (uint32_t columns : {32u, 48u, 352u, 1536u, 2080u}) {
      for (uint32_t lanes : {1u, 2u, 3u}) {
        Random random(columns);
        Machine machine;
        const lap_quantize_args args = {machine.buffer(1, 0, columns, Tokens),
                                        machine.quantizedBuffer(1, 0, columns, Tokens, GetParam()), step, 0};
        machine.fill(args.x, Tokens, columns, random, 3.0f);
        std::memset(machine.floats(args.x, 1), 0, (columns > 32 ? 32 : columns) * 4); // a group of zeros
        machine.run(lanes, Tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
          lap_op_quantize(step, &args, quantizer(GetParam()), kernel(KernelOp::QuantizeResidual), lane, count);
        });
        for (uint32_t t = 0; t < Tokens; ++t) {
          check(machine.floats(args.x, t), machine.bytes(args.out, t), args.x.columns);
        }
      }
    }
  }
};

/// Checks a plane of q8 against the floats it rounds, and leaves in `rest` what it does not represent.
void checkGroups(std::vector<float> &rest, const uint8_t *plane) {
  const uint32_t padded = static_cast<uint32_t>(rest.size()), groups = padded / LAP_GROUP;
  for (uint32_t g = 0; g < groups; ++g) {
    float largest = 0.0f, scale;
    int32_t sum = 0, storedSum;
    for (uint32_t c = g * LAP_GROUP; c < (g + 1) * LAP_GROUP; ++c) {
      largest = std::max(largest, std::fabs(rest[c]));
    }
    std::memcpy(&scale, plane + padded + g * 4, 4);
    std::memcpy(&storedSum, plane + padded + groups * 4 + g * 4, 4);
    ASSERT_EQ(scale, largest / 127.0f);
    for (uint32_t c = g * LAP_GROUP; c < (g + 1) * LAP_GROUP; ++c) {
      const int value = scale > 0.0f ? static_cast<int>(std::nearbyint(rest[c] / scale)) : 0;
      ASSERT_EQ(static_cast<int8_t>(plane[c]), value) << "column " << c;
      sum += value;
      rest[c] = std::fma(-scale, static_cast<float>(value), rest[c]);
    }
    ASSERT_EQ(storedSum, sum);
  }
}

TEST_P(QuantizeConformance, EqualsTheScalarReference) {
  const float step = GetParam() == LAP_ROWS_I8 ? 0.05f : 0.0f;
  uint32_t rows = 0;
  forRows(step, [&](const float *x, const uint8_t *out, uint32_t padded) {
    ++rows;
    std::vector<float> rest(x, x + padded);
    if (GetParam() == LAP_ROWS_I8) {
      for (uint32_t c = 0; c < padded; ++c) {
        ASSERT_EQ(static_cast<int8_t>(out[c]), toInt8(x[c], step)) << "column " << c;
      }
    } else if (GetParam() == LAP_ROWS_R24) {
      float largest = 0.0f, scale;
      for (float value : rest) {
        largest = std::max(largest, std::fabs(value));
      }
      std::memcpy(&scale, out + LAP_PLANES * padded, 4);
      ASSERT_EQ(scale, largest / (127.0f * 65536.0f));
      for (uint32_t c = 0; c < padded; ++c) {
        int value = 0;
        for (uint32_t plane = 0; plane < LAP_PLANES; ++plane) {
          value = 256 * value + static_cast<int8_t>(out[plane * padded + c]);
        }
        ASSERT_EQ(value, scale > 0.0f ? static_cast<int>(std::nearbyint(x[c] / scale)) : 0) << "column " << c;
      }
    } else {
      checkGroups(rest, out);
      if (GetParam() == LAP_ROWS_Q24) {
        checkGroups(rest, out + activationRowBytes(LAP_ROWS_Q8, padded));
        checkGroups(rest, out + 2 * activationRowBytes(LAP_ROWS_Q8, padded));
      }
    }
  });
  ASSERT_GT(rows, 0u);
}

INSTANTIATE_TEST_SUITE_P(Elements, QuantizeConformance,
                         testing::Values(LAP_ROWS_Q8, LAP_ROWS_Q24, LAP_ROWS_I8, LAP_ROWS_R24),
                         [](const testing::TestParamInfo<lap_element> &info) { return elementNames[info.param]; });

} // namespace
