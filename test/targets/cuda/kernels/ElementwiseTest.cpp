//===- ElementwiseTest.cpp - kernels of one column a thread ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Against f64, with the bounds of the conformance suite; columns that are not a multiple of a block's, rows with a gap
// behind them that nobody may touch.
//===----------------------------------------------------------------------===//
#include "KernelFixture.h"

#include "runtime/src/cuda/Kernels.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace lapidary::cuda::test {

namespace {

constexpr float untouched = 12345;
constexpr unsigned gap = 16; // floats behind a row

/// Rows of numbers up to `size`, of both signs.
struct Rows {
  unsigned rows, columns, stride;
  std::vector<float> values;

  Rows(unsigned rows, unsigned columns, float size, unsigned seed)
      : rows(rows), columns(columns), stride(columns + gap), values(size_t(rows) * stride, untouched) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> number(-size, size);
    for (unsigned row = 0; row < rows; ++row) {
      std::generate_n(values.begin() + row * stride, columns, [&] { return number(random); });
    }
  }
  double at(unsigned row, unsigned column) const { return double(values[row * stride + column]); }
  int32_t bytes() const { return int32_t(stride * 4); }
};

Grid gridOf(const Rows &rows) { return {(rows.columns + 127) / 128, rows.rows}; }

/// Every column of `out` is expected(row, column), up to `relative` of it and `absolute`; the gaps are as they were.
void expectRows(const Memory<float> &out, const Rows &shape, double relative, double absolute,
                llvm::function_ref<double(unsigned, unsigned)> expected) {
  const std::vector<float> values = out.read();
  for (unsigned row = 0; row < shape.rows; ++row) {
    for (unsigned column = 0; column < shape.stride; ++column) {
      const double got = double(values[row * shape.stride + column]);
      const double want = column < shape.columns ? expected(row, column) : double(untouched);
      ASSERT_LE(std::fabs(got - want), relative * std::fabs(want) + absolute) << row << ", " << column;
    }
  }
}

double gelu(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

int toInt8(double value, double step) { return int(std::clamp(std::nearbyint(value / step), -128.0, 127.0)); }

class Elementwise : public testing::TestWithParam<unsigned> {
protected:
  const unsigned columns = GetParam();
  const Rows a{3, columns, 6, 1}, b{3, columns, 2, 2};
  const Memory<float> first{a.values}, second{b.values}, out{a.values.size(), untouched};
};

TEST_P(Elementwise, GeluMulIsTheProduct) {
  launch<lap::cuda::GeluMul>("f32-gelu_mul-1x128-cuda", gridOf(a), first.address, a.bytes(), second.address, b.bytes(),
                             out.address, a.bytes(), int32_t(columns), 0.0f);
  expectRows(out, a, 2e-6, 1e-6, [&](unsigned r, unsigned c) { return gelu(a.at(r, c)) * b.at(r, c); });
}

TEST_P(Elementwise, StaticGeluMulRoundsToSteps) {
  const float step = 0.03f;
  const unsigned bytes = columns + gap;
  Memory<int8_t> integers(size_t(3) * bytes, int8_t(77));
  launch<lap::cuda::GeluMul>("f32-gelu_mul_i8-1x128-cuda", gridOf(a), first.address, a.bytes(), second.address,
                             b.bytes(), integers.address, int32_t(bytes), int32_t(columns), step);
  const std::vector<int8_t> values = integers.read();
  unsigned clamped = 0;
  for (unsigned row = 0; row < 3; ++row) {
    for (unsigned column = 0; column < bytes; ++column) {
      const int got = values[row * bytes + column];
      if (column >= columns) {
        ASSERT_EQ(got, 77);
        continue;
      }
      const double product = gelu(a.at(row, column)) * b.at(row, column);
      const double whole = product / double(step), between = std::fabs(whole - std::floor(whole) - 0.5);
      clamped += got == 127 || got == -128;
      ASSERT_TRUE(got == toInt8(product, double(step)) || between < 1e-3) << product;
    }
  }
  EXPECT_GT(clamped, 0u);
}

TEST_P(Elementwise, AddsAndScalesTheSum) {
  launch<lap::cuda::Add>("f32-add-1x128-cuda", gridOf(a), first.address, a.bytes(), second.address, b.bytes(),
                         out.address, a.bytes(), int32_t(columns), 0.75f);
  expectRows(out, a, 0, 0, [&](unsigned r, unsigned c) {
    return double((a.values[r * a.stride + c] + b.values[r * b.stride + c]) * 0.75f);
  });
}

TEST_P(Elementwise, ScalesInPlace) {
  launch<lap::cuda::Scale>("f32-scale-1x128-cuda", gridOf(a), first.address, a.bytes(), first.address, a.bytes(),
                           int32_t(columns), 1.3f);
  expectRows(first, a, 0, 0, [&](unsigned r, unsigned c) { return double(a.values[r * a.stride + c] * 1.3f); });
}

TEST_P(Elementwise, SoftcapIsSmoothAndBounded) {
  const Rows wide{3, columns, 100, 4};
  const Memory<float> input(wide.values);
  launch<lap::cuda::Softcap>("f32-softcap-1x128-cuda", gridOf(wide), input.address, wide.bytes(), out.address,
                             wide.bytes(), int32_t(columns), 30.0f);
  expectRows(out, wide, 1e-6, 1e-6, [&](unsigned r, unsigned c) { return 30 * std::tanh(wide.at(r, c) / 30); });
}

TEST_P(Elementwise, CombinesTheRowsOfEveryToken) {
  constexpr unsigned topK = 5;
  const Rows routed{3 * topK, columns, 3, 5}, weights{3, topK, 1, 6};
  const Memory<float> input(routed.values), factors(weights.values);
  launch<lap::cuda::CombineExperts>("f32-combine_experts-1x128-cuda", gridOf(a), input.address, routed.bytes(),
                                    factors.address, weights.bytes(), out.address, a.bytes(), int32_t(columns),
                                    int32_t(topK));
  expectRows(out, a, 1e-6, 3e-6, [&](unsigned r, unsigned c) {
    double sum = 0;
    for (unsigned rank = 0; rank < topK; ++rank) {
      sum += weights.at(r, rank) * routed.at(r * topK + rank, c);
    }
    return sum;
  });
}

INSTANTIATE_TEST_SUITE_P(Columns, Elementwise, testing::Values(32u, 96u, 416u));

} // namespace

} // namespace lapidary::cuda::test
