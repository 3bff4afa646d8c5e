// QuantizeTest.cpp - rounding of activations against a scalar reference, bit for bit.
// SPDX-License-Identifier: Apache-2.0
//
// With every number of lanes, in every form that products take.
#include "targets/common/PackedLayout.h"
#include "targets/common/conformance/Harness.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace lapidary;
using namespace lapidary::conformance;

namespace {

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

/// Checks a row of i8 against the floats it rounds.
void checkStatic(const std::vector<float> &x, const uint8_t *out, float step) {
  for (uint32_t c = 0; c < x.size(); ++c) {
    ASSERT_EQ(static_cast<int8_t>(out[c]), toInt8(x[c], step)) << "column " << c;
  }
}

/// Checks a row of r24, whose planes are the bytes of an integer, against the floats it rounds.
void checkRow(const std::vector<float> &x, const uint8_t *out) {
  const uint32_t padded = static_cast<uint32_t>(x.size());
  float largest = 0.0f, scale;
  for (float value : x) {
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
}

TEST_P(QuantizeConformance, EqualsTheScalarReference) {
  const lap_element element = GetParam();
  const float step = element == LAP_ROWS_I8 ? 0.05f : 0.0f;
  uint32_t rows = 0;
  forRows(step, [&](const float *x, const uint8_t *out, uint32_t padded) {
    ++rows;
    std::vector<float> rest(x, x + padded);
    if (element == LAP_ROWS_I8) {
      checkStatic(rest, out, step);
    } else if (element == LAP_ROWS_R24) {
      checkRow(rest, out);
    } else {
      for (uint32_t plane = 0; plane < (element == LAP_ROWS_Q24 ? unsigned(LAP_PLANES) : 1u); ++plane) {
        checkGroups(rest, out + plane * activationRowBytes(LAP_ROWS_Q8, padded));
      }
    }
  });
  ASSERT_GT(rows, 0u);
}

INSTANTIATE_TEST_SUITE_P(Elements, QuantizeConformance,
                         testing::Values(LAP_ROWS_Q8, LAP_ROWS_Q24, LAP_ROWS_I8, LAP_ROWS_R24),
                         [](const testing::TestParamInfo<lap_element> &info) { return elementName(info.param); });

} // namespace
