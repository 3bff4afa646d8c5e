// ElementwiseTest.cpp - gelu_mul, add, scale, softcap, select_last.
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/conformance/Harness.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace lapidary;
using namespace lapidary::conformance;

namespace {

class ElementwiseConformance : public testing::TestWithParam<uint32_t> { // columns
protected:
  static constexpr uint32_t Tokens = 3;

  void SetUp() override {
    if (!skipReason().empty()) {
      GTEST_SKIP() << skipReason();
    }
    a = machine.buffer(1, 0, GetParam(), Tokens);
    b = machine.buffer(1, 0, GetParam(), Tokens);
    out = machine.buffer(1, 0, GetParam(), Tokens);
    Random random(GetParam());
    machine.fill(a, Tokens, GetParam(), random, 4.0f);
    machine.fill(b, Tokens, GetParam(), random);
    const float corners[] = {0.0f, 1000.0f, -1000.0f, 20.0f, -20.0f, 1e-6f, -1e-6f, 90.0f, -90.0f};
    std::copy(std::begin(corners), std::end(corners), machine.floats(a, 0));
  }

  /// Checks out = expected(a, b) within `relative` of |expected| + floor, on 1..3 lanes.
  template <typename Op, typename Expected> void check(Op op, Expected expected, double relative, double floor) {
    for (uint32_t lanes = 1; lanes <= 3; ++lanes) {
      machine.run(lanes, Tokens, 0, nullptr, op);
      std::vector<float> all;
      for (uint32_t i = 0; i < Tokens * GetParam(); ++i) {
        const uint32_t t = i / GetParam(), c = i % GetParam();
        const float x = machine.floats(a, t)[c], y = machine.floats(b, t)[c], got = machine.floats(out, t)[c];
        const double want = expected(double(x), double(y));
        ASSERT_LE(std::fabs(got - want), tolerance(relative) * (std::fabs(want) + floor)) << "x " << x << ", y " << y;
        all.push_back(got);
      }
      EXPECT_TRUE(machine.paddingIsZero(out, Tokens, GetParam()));
      expectMostlyNonZero(all);
    }
  }

  Machine machine;
  lap_buffer a, b, out;
};

TEST_P(ElementwiseConformance, GeluMul) {
  const lap_gelu_mul_args args = {a, b, out, 0, 0};
  check([&](const lap_step *step, uint32_t lane,
            uint32_t lanes) { lap_op_gelu_mul(step, &args, kernel(KernelOp::GeluMul), lane, lanes); },
        [](double x, double y) {
          return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))) * y;
        },
        2e-6, 1e-2);
}

/// The same floats, rounded.
TEST_P(ElementwiseConformance, GeluMulToIntegers) {
  const float step = 0.03f;
  const lap_gelu_mul_args floats = {a, b, out, 0, 0};
  const lap_gelu_mul_args rounded = {a, b, machine.quantizedBuffer(1, 0, GetParam(), Tokens, LAP_ROWS_I8), step, 0};
  for (uint32_t lanes = 1; lanes <= 3; ++lanes) {
    machine.run(lanes, Tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
      lap_op_gelu_mul(step, &floats, kernel(KernelOp::GeluMul), lane, count);
      lap_op_gelu_mul(step, &rounded, kernel(KernelOp::GeluMulStatic), lane, count);
    });
    uint32_t largest = 0;
    for (uint32_t i = 0; i < Tokens * rounded.out.columns; ++i) {
      const uint32_t t = i / rounded.out.columns, c = i % rounded.out.columns;
      const int got = static_cast<int8_t>(machine.bytes(rounded.out, t)[c]);
      ASSERT_EQ(got, toInt8(machine.floats(out, t)[c], step)) << "token " << t << ", column " << c;
      largest = std::max(largest, static_cast<uint32_t>(std::abs(got)));
    }
    EXPECT_EQ(largest, 128u) << "something is clamped";
  }
}

TEST_P(ElementwiseConformance, Add) {
  const lap_add_args args = {a, b, out, 0.7071f, 0};
  check([&](const lap_step *step, uint32_t lane,
            uint32_t lanes) { lap_op_add(step, &args, kernel(KernelOp::Add), lane, lanes); },
        [](double x, double y) { return (x + y) * double(0.7071f); }, 2e-7, 1.0);
}

TEST_P(ElementwiseConformance, Scale) {
  const lap_scale_args args = {a, out, -0.3f, 0};
  check([&](const lap_step *step, uint32_t lane,
            uint32_t lanes) { lap_op_scale(step, &args, kernel(KernelOp::Scale), lane, lanes); },
        [](double x, double) { return x * double(-0.3f); }, 1e-7, 0.0);
}

TEST_P(ElementwiseConformance, Softcap) {
  const lap_softcap_args args = {a, out, 30.0f, 0};
  check([&](const lap_step *step, uint32_t lane,
            uint32_t lanes) { lap_op_softcap(step, &args, kernel(KernelOp::Softcap), lane, lanes); },
        [](double x, double) { return 30 * std::tanh(x / 30); }, 6e-7, 0.0);
}

TEST_P(ElementwiseConformance, SelectLastCopiesTheLastRow) {
  const lap_select_last_args args = {a, machine.buffer(0, 1, GetParam(), 1)};
  machine.run(2, Tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t lanes) {
    lap_op_select_last(step, &args, lane, lanes);
  });
  for (uint32_t c = 0; c < GetParam(); ++c) {
    ASSERT_EQ(machine.floats(args.out, 0)[c], machine.floats(a, Tokens - 1)[c]);
  }
}

INSTANTIATE_TEST_SUITE_P(Columns, ElementwiseConformance, testing::Values(32u, 44u, 1024u, 2112u, 5000u));

} // namespace
