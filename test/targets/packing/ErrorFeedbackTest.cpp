//===- ErrorFeedbackTest.cpp - rounding that corrects itself ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What matters is the error of the outputs, (w - q) H (w - q)^T, on moments with known correlations; and that no
// moments, however odd, make anything undefined.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/ErrorFeedback.h"

#include "targets/common/PackedLayout.h"
#include "targets/common/packing/BFloat16.h"
#include "targets/common/packing/GroupScale.h"
#include "targets/common/packing/ScaleSteps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

using namespace lapidary;

namespace {

struct Rows {
  std::vector<int8_t> integers;
  std::vector<float> scales;
};

constexpr float anyScales[ErrorFeedback::rowsAtOnce] = {};

Rows quantize(const ErrorFeedback &feedback, const std::vector<float> &values, uint64_t rows, uint64_t columns,
              const float *steps = anyScales) {
  Rows result;
  result.integers.resize(ErrorFeedback::rowsAtOnce * padColumns(columns));
  result.scales.resize(ErrorFeedback::rowsAtOnce * padColumns(columns) / 32);
  feedback.quantize(values.data(), rows, steps, result.integers.data(), result.scales.data());
  return result;
}

std::vector<float> randomValues(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, 0.02f);
  std::vector<float> values(count);
  std::generate(values.begin(), values.end(), [&] { return normal(random); });
  return values;
}

/// Moments of inputs that share a few directions: every column is a mix of `columns / 8` sources and some noise.
std::vector<float> correlatedMoments(uint64_t columns, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  uint64_t sources = columns / 8, stride = momentStride(columns);
  std::vector<double> mix(columns * sources);
  std::generate(mix.begin(), mix.end(), [&] { return normal(random); });
  std::vector<float> moments(columns * stride);
  for (uint64_t i = 0; i < columns; ++i) {
    uint64_t first = i / stride * stride;
    for (uint64_t j = first; j < std::min(first + stride, columns); ++j) {
      double sum = i == j ? 0.5 : 0;
      for (uint64_t s = 0; s < sources; ++s) {
        sum += mix[i * sources + s] * mix[j * sources + s];
      }
      moments[i * stride + j - first] = static_cast<float>(sum);
    }
  }
  return moments;
}

double outputError(const std::vector<float> &moments, const float *values, const int8_t *integers, const float *scales,
                   uint64_t columns) {
  uint64_t stride = momentStride(columns);
  double total = 0;
  auto error = [&](uint64_t i) { return double(values[i]) - double(integers[i]) * scales[i / 32]; };
  for (uint64_t i = 0; i < columns; ++i) {
    uint64_t first = i / stride * stride;
    for (uint64_t j = first; j < std::min(first + stride, columns); ++j) {
      total += error(i) * moments[i * stride + j - first] * error(j);
    }
  }
  return total;
}

double plainError(const std::vector<float> &moments, const float *values, uint64_t columns) {
  std::vector<int8_t> integers(columns);
  std::vector<float> scales;
  for (uint64_t i = 0; i < columns; i += 32) {
    scales.push_back(quantizeGroup4(values + i, &integers[i]));
  }
  return outputError(moments, values, integers.data(), scales.data(), columns);
}

TEST(ErrorFeedback, CorrelatedInputsHaveFarSmallerOutputErrors) {
  for (uint64_t columns : {64, 512, 1056}) { // one block, a full block, blocks with a narrow last one
    std::vector<float> moments = correlatedMoments(columns, 1), values = randomValues(8 * columns, 2);
    Rows rows = quantize(ErrorFeedback(moments, columns), values, 8, columns);
    double plain = 0, corrected = 0;
    for (uint64_t row = 0; row < 8; ++row) {
      plain += plainError(moments, &values[row * columns], columns);
      corrected += outputError(moments, &values[row * columns], &rows.integers[row * columns],
                               &rows.scales[row * columns / 32], columns);
    }
    EXPECT_LT(corrected, plain / 2) << columns << " columns";
  }
}

TEST(ErrorFeedback, IntegersAreInRangeAndScalesAreBFloat16) {
  const uint64_t columns = 96;
  std::vector<float> values = randomValues(8 * columns, 3);
  Rows rows = quantize(ErrorFeedback(correlatedMoments(columns, 4), columns), values, 8, columns);
  EXPECT_GE(*std::min_element(rows.integers.begin(), rows.integers.end()), -8);
  EXPECT_LE(*std::max_element(rows.integers.begin(), rows.integers.end()), 7);
  for (float scale : rows.scales) {
    EXPECT_EQ(scale, fromBFloat16(toBFloat16(scale)));
  }
}

TEST(ErrorFeedback, ARowDoesNotDependOnItsNeighbours) {
  const uint64_t columns = 128;
  std::vector<float> values = randomValues(8 * columns, 5);
  ErrorFeedback feedback(correlatedMoments(columns, 6), columns);
  Rows together = quantize(feedback, values, 8, columns);
  for (uint64_t row = 0; row < 8; ++row) {
    std::vector<float> one(values.begin() + row * columns, values.begin() + (row + 1) * columns);
    Rows alone = quantize(feedback, one, 1, columns);
    EXPECT_TRUE(std::equal(alone.integers.begin(), alone.integers.begin() + columns,
                           together.integers.begin() + row * columns));
    EXPECT_TRUE(std::equal(alone.scales.begin(), alone.scales.begin() + columns / 32,
                           together.scales.begin() + row * columns / 32));
  }
}

/// The nearest integers for the scale that was chosen.
void expectPlainRounding(const Rows &rows, const std::vector<float> &values, uint64_t columns) {
  for (uint64_t i = 0; i < columns; ++i) {
    double wanted = std::clamp(double(values[i]) / rows.scales[i / 32], -8.0, 7.0);
    EXPECT_LE(std::fabs(rows.integers[i] - wanted), 0.5 + 1e-4) << "column " << i;
  }
}

TEST(ErrorFeedback, MomentsWithoutCorrelationsGivePlainRounding) {
  const uint64_t columns = 64;
  std::vector<float> values = randomValues(columns, 7), diagonal(columns * columns);
  for (uint64_t i = 0; i < columns; ++i) {
    diagonal[i * columns + i] = static_cast<float>(i % 5);
  }
  expectPlainRounding(quantize(ErrorFeedback(diagonal, columns), values, 1, columns), values, columns);
}

TEST(ErrorFeedback, ZeroAndBrokenMomentsGivePlainRounding) {
  const uint64_t columns = 64;
  std::vector<float> values = randomValues(columns, 8);
  for (float odd : {0.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::vector<float> moments(columns * columns, odd);
    expectPlainRounding(quantize(ErrorFeedback(moments, columns), values, 1, columns), values, columns);
  }
}

TEST(ErrorFeedback, InputsThatAreAlwaysZeroAreHarmless) {
  const uint64_t columns = 64;
  std::vector<float> moments = correlatedMoments(columns, 9), values = randomValues(columns, 10);
  for (uint64_t i = 0; i < columns; ++i) {
    moments[i * columns + 5] = moments[5 * columns + i] = 0;
  }
  Rows rows = quantize(ErrorFeedback(moments, columns), values, 1, columns);
  EXPECT_LT(outputError(moments, values.data(), rows.integers.data(), rows.scales.data(), columns),
            plainError(moments, values.data(), columns));
}

TEST(ErrorFeedback, ScalesAreMultiplesOfTheStepOfTheirRow) {
  const uint64_t columns = 96, groups = columns / 32;
  const std::vector<float> values = randomValues(8 * columns, 12);
  const ErrorFeedback feedback(correlatedMoments(columns, 13), columns);
  float steps[ErrorFeedback::rowsAtOnce] = {};
  for (uint64_t row : {1u, 4u, 5u}) {
    steps[row] = scaleStep(&values[row * columns], columns);
  }
  const Rows rows = quantize(feedback, values, 8, columns, steps), plain = quantize(feedback, values, 8, columns);
  for (uint64_t i = 0; i < 8 * groups; ++i) {
    if (const float step = steps[i / groups]; step != 0) {
      EXPECT_EQ(rows.scales[i] / step, std::nearbyint(rows.scales[i] / step)) << "group " << i;
      EXPECT_LE(std::fabs(rows.scales[i]), 127 * step);
    } else {
      EXPECT_EQ(rows.scales[i], plain.scales[i]) << "group " << i;
    }
  }
}

TEST(ErrorFeedback, PaddingColumnsAreZero) {
  const uint64_t columns = 40;
  std::vector<float> moments(padColumns(columns) * momentStride(columns));
  for (uint64_t i = 0; i < columns; ++i) {
    for (uint64_t j = 0; j < columns; ++j) {
      moments[i * 64 + j] = i == j ? 2.0f : 1.0f;
    }
  }
  Rows rows = quantize(ErrorFeedback(moments, columns), randomValues(8 * columns, 11), 8, columns);
  for (uint64_t row = 0; row < 8; ++row) {
    for (uint64_t column = columns; column < 64; ++column) {
      EXPECT_EQ(rows.integers[row * 64 + column], 0);
    }
  }
}

} // namespace
