//===- NormsTest.cpp - norms and rotary embedding against their definition ---===//
// SPDX-License-Identifier: Apache-2.0
//
// In f64, with the bounds of the conformance suite.
//===----------------------------------------------------------------------===//
#include "KernelFixture.h"

#include "runtime/src/cuda/Kernels.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace lapidary::cuda::test {

namespace {

constexpr float untouched = 12345, epsilon = 1e-6f;

std::vector<float> numbers(size_t count, unsigned seed, float size = 3) {
  std::mt19937 random(seed);
  std::normal_distribution<float> number(0, size);
  std::vector<float> values(count);
  std::generate(values.begin(), values.end(), [&] { return number(random); });
  return values;
}

/// 1 / sqrt(mean of squares + epsilon).
double factorOf(const float *x, unsigned width) {
  double squares = 0;
  for (unsigned i = 0; i < width; ++i) {
    squares += double(x[i]) * double(x[i]);
  }
  return 1 / std::sqrt(squares / width + double(epsilon));
}

struct NormCase {
  unsigned heads, width, outColumns;
};

class RmsNorm : public testing::TestWithParam<NormCase> {
protected:
  static constexpr unsigned rows = 3;
  const unsigned heads = GetParam().heads, width = GetParam().width, outColumns = GetParam().outColumns;
  const unsigned stride = std::max(heads * width, outColumns) + 8;
  const std::vector<float> x = numbers(size_t(rows) * stride, 1), w = numbers(width, 2);
  const Memory<float> input{x}, weights{w};

  double expected(unsigned row, unsigned column, bool weighted) const {
    const float *head = x.data() + row * stride + column / width * width;
    return double(head[column % width]) * factorOf(head, width) * (weighted ? double(w[column % width]) : 1);
  }
};

TEST_P(RmsNorm, DividesEveryHeadByItsSizeAndClearsPadding) {
  for (bool weighted : {true, false}) {
    const Memory<float> out(x.size(), untouched);
    launch<lap::cuda::RmsNorm>("f32-rms_norm-1x256-cuda", Grid{heads, rows}, input.address, int32_t(stride * 4),
                               weighted ? weights.address : 0, out.address, int32_t(stride * 4), int32_t(width),
                               epsilon, int32_t(outColumns), 0.0f);
    const std::vector<float> got = out.read();
    for (unsigned row = 0; row < rows; ++row) {
      for (unsigned column = 0; column < stride; ++column) {
        const bool inside = column < heads * width;
        const double want = inside ? expected(row, column, weighted) : column < outColumns ? 0 : double(untouched);
        ASSERT_LE(std::fabs(double(got[row * stride + column]) - want), 2e-6 * std::fabs(want)) << column;
      }
    }
  }
}

TEST_P(RmsNorm, RoundsToSteps) {
  const float step = 0.02f;
  const Memory<int8_t> out(x.size(), int8_t(55));
  launch<lap::cuda::RmsNorm>("f32-rms_norm_i8-1x256-cuda", Grid{heads, rows}, input.address, int32_t(stride * 4),
                             weights.address, out.address, int32_t(stride), int32_t(width), epsilon,
                             int32_t(outColumns), step);
  const std::vector<int8_t> got = out.read();
  for (unsigned row = 0; row < rows; ++row) {
    for (unsigned column = 0; column < stride; ++column) {
      if (column >= heads * width) {
        ASSERT_EQ(got[row * stride + column], column < outColumns ? 0 : 55);
        continue;
      }
      const double whole = expected(row, column, true) / double(step);
      const double tie = std::fabs(whole - std::floor(whole) - 0.5);
      ASSERT_TRUE(tie < 1e-3 || got[row * stride + column] == std::clamp(std::nearbyint(whole), -128.0, 127.0))
          << whole;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, RmsNorm,
                         testing::Values(NormCase{1, 32, 32}, NormCase{1, 1000, 1024}, NormCase{3, 48, 160},
                                         NormCase{2, 320, 0}));

TEST(Norms, ResidualNormAddsAndMultiplies) {
  constexpr unsigned rows = 2, width = 300, columns = 320;
  std::vector<float> x = numbers(rows * columns, 3), residual = numbers(rows * columns, 4), w = numbers(columns, 5);
  for (unsigned row = 0; row < rows; ++row) {
    std::fill_n(x.begin() + row * columns + width, columns - width, 0.0f);
    std::fill_n(residual.begin() + row * columns + width, columns - width, 0.0f);
  }
  const std::vector<float> scale = {0.75f};
  for (bool scaled : {true, false}) {
    const Memory<float> input(x), other(residual), weights(w), scales(scale);
    launch<lap::cuda::ResidualNorm>("f32-residual_norm-1x256-cuda", Grid{1, rows}, other.address, int32_t(columns * 4),
                                    input.address, int32_t(columns * 4), weights.address, scaled ? scales.address : 0,
                                    other.address, int32_t(columns * 4), int32_t(width), int32_t(columns), epsilon);
    const std::vector<float> got = other.read();
    for (unsigned row = 0; row < rows; ++row) {
      const double factor = factorOf(x.data() + row * columns, width);
      for (unsigned c = 0; c < columns; ++c) {
        const size_t at = row * columns + c;
        const double want = (double(residual[at]) + double(x[at]) * factor * double(w[c])) * (scaled ? 0.75 : 1);
        ASSERT_NEAR(double(got[at]), want, 6e-6) << c;
      }
    }
  }
}

std::vector<lap_row_place> placesAt(std::initializer_list<uint32_t> positions) {
  std::vector<lap_row_place> places;
  for (uint32_t position : positions) {
    places.push_back({nullptr, position, 0});
  }
  return places;
}

TEST(Norms, RotaryTableHasCosinesAndSinesOfRoundedAngles) {
  const std::vector<lap_row_place> places = placesAt({0, 1, 77, 8191, 131071, 262143});
  constexpr unsigned pairs = 144;
  std::vector<float> frequencies(pairs);
  for (unsigned pair = 0; pair < pairs; ++pair) {
    frequencies[pair] = pair > 130 ? 0.0f : float(std::pow(10000.0, -double(pair) / pairs));
  }
  const Memory<lap_row_place> rows(places);
  const Memory<float> own(frequencies), out(places.size() * pairs * 2, untouched);
  launch<lap::cuda::RotaryTable>("f32-rotary_table-1x128-cuda", Grid{1, unsigned(places.size())}, rows.address,
                                 own.address, out.address, int32_t(pairs * 8), int32_t(pairs));
  const std::vector<float> got = out.read();
  for (size_t row = 0; row < places.size(); ++row) {
    for (unsigned pair = 0; pair < pairs; ++pair) {
      const double angle = double(float(places[row].position) * frequencies[pair]);
      ASSERT_NEAR(double(got[row * pairs * 2 + pair]), std::cos(angle), 6e-8) << angle;
      ASSERT_NEAR(double(got[row * pairs * 2 + pairs + pair]), std::sin(angle), 6e-8) << angle;
    }
  }
}

TEST(Norms, NormRotaryTurnsPairsOfTheNormedHead) {
  for (unsigned headDim : {32u, 80u, 512u}) {
    constexpr unsigned rows = 2, heads = 3;
    const unsigned columns = heads * headDim, pairs = headDim / 2;
    const std::vector<float> x = numbers(rows * columns, 7), w = numbers(headDim, 8, 1),
                             angles = numbers(rows * pairs, 9);
    std::vector<float> table;
    for (unsigned row = 0; row < rows; ++row) {
      for (unsigned pair = 0; pair < pairs; ++pair) {
        table.push_back(std::cos(angles[row * pairs + pair]));
      }
      for (unsigned pair = 0; pair < pairs; ++pair) {
        table.push_back(std::sin(angles[row * pairs + pair]));
      }
    }
    const Memory<float> input(x), weights(w), turns(table), out(x.size(), untouched);
    launch<lap::cuda::NormRotary>("f32-norm_rotary-1x256-cuda", Grid{heads, rows}, input.address, int32_t(columns * 4),
                                  weights.address, turns.address, int32_t(headDim * 4), out.address,
                                  int32_t(columns * 4), int32_t(headDim), epsilon);
    const std::vector<float> got = out.read();
    for (unsigned row = 0; row < rows; ++row) {
      for (unsigned head = 0; head < heads; ++head) {
        const size_t first = row * columns + head * headDim;
        const double factor = factorOf(x.data() + first, headDim);
        for (unsigned pair = 0; pair < pairs; ++pair) {
          const double a = double(x[first + pair]) * factor * double(w[pair]);
          const double b = double(x[first + pairs + pair]) * factor * double(w[pairs + pair]);
          const double cosine = double(table[row * headDim + pair]), sine = double(table[row * headDim + pairs + pair]);
          ASSERT_NEAR(double(got[first + pair]), a * cosine - b * sine, 3e-6) << headDim;
          ASSERT_NEAR(double(got[first + pairs + pair]), b * cosine + a * sine, 3e-6) << headDim;
        }
      }
    }
  }
}

} // namespace

} // namespace lapidary::cuda::test
