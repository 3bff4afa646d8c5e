//===- RoundingTest.cpp - kernels that round what they make ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A fused kernel has the bits of the kernels it stands for, run one behind the other.
//===----------------------------------------------------------------------===//
#include "test/targets/cuda/kernels/KernelFixture.h"

#include "runtime/src/cuda/Kernels.h"

#include <cmath>
#include <random>

using namespace lapidary::cuda::test;

namespace {

constexpr uint32_t rows = 3, width = 1511, columns = 1536; // the last 25 columns are padding
constexpr float epsilon = 1e-6f, step = 0.05f;

uint32_t planeBytes() { return (columns + columns / LAP_GROUP * 8 + 63) / 64 * 64; }

struct Format {
  const char *name;
  uint32_t rowBytes;
};

std::vector<Format> formats() {
  return {
      {"i8", columns}, {"q8", planeBytes()}, {"q24", LAP_PLANES * planeBytes()}, {"r24", LAP_PLANES * columns + 64}};
}

std::vector<float> randomRows(unsigned seed, float scale) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> values(rows * columns, 0.0f);
  for (uint32_t row = 0; row < rows; ++row) {
    for (uint32_t column = 0; column < width; ++column) {
      values[row * columns + column] = row == 1 && column < 64 ? 0.0f : normal(engine); // whole groups of zeros, too
    }
  }
  return values;
}

std::vector<float> randomWeights(unsigned seed) {
  std::vector<float> values = randomRows(seed, 1.0f);
  values.resize(width); // a read behind the weight is a read behind its allocation
  return values;
}

/// What quantize makes of f32 rows.
std::vector<uint8_t> quantized(const Memory<float> &x, const Format &format) {
  Memory<uint8_t> out(rows * format.rowBytes, 0);
  const std::string op = std::string("f32-quantize_") + format.name;
  const bool isRow = format.name == std::string("r24");
  launch<lap::cuda::Quantize>(op + (isRow ? "-1x256-cuda" : "-1x128-cuda"), {isRow ? 1 : columns / 128, rows},
                              x.address, columns * 4, out.address, format.rowBytes, columns, step);
  return out.read();
}

std::string fused(const char *op, const Format &format, const char *tile) {
  return std::string("f32-") + op + "_" + format.name + tile;
}

TEST(Rounding, NormsRoundLikeQuantize) {
  const Memory<float> x(randomRows(1, 3.0f)), w(randomWeights(2));
  Memory<float> normed(rows * columns, 0.0f);
  launch<lap::cuda::RmsNorm>("f32-rms_norm-1x256-cuda", {1, rows}, x.address, columns * 4, w.address, normed.address,
                             columns * 4, width, epsilon, columns, 0.0f);
  for (const Format &format : formats()) {
    Memory<uint8_t> out(rows * format.rowBytes, 0);
    launch<lap::cuda::RmsNorm>(fused("rms_norm", format, "-1x256-cuda"), {1, rows}, x.address, columns * 4, w.address,
                               out.address, format.rowBytes, width, epsilon, columns, step);
    EXPECT_EQ(out.read(), quantized(normed, format)) << format.name;
  }
}

TEST(Rounding, GatedActivationsRoundLikeQuantize) {
  const Memory<float> gate(randomRows(3, 2.0f)), up(randomRows(4, 1.0f));
  Memory<float> product(rows * columns, 0.0f);
  launch<lap::cuda::GeluMul>("f32-gelu_mul-1x128-cuda", {columns / 128, rows}, gate.address, columns * 4, up.address,
                             columns * 4, product.address, columns * 4, columns, 0.0f);
  for (const Format &format : formats()) {
    if (format.name == std::string("r24")) {
      continue; // no block sees a row
    }
    Memory<uint8_t> out(rows * format.rowBytes, 0);
    launch<lap::cuda::GeluMul>(fused("gelu_mul", format, "-1x128-cuda"), {columns / 128, rows}, gate.address,
                               columns * 4, up.address, columns * 4, out.address, format.rowBytes, columns, step);
    EXPECT_EQ(out.read(), quantized(product, format)) << format.name;
  }
}

/// residual_norm, a norm or none, and quantize, against the one kernel; in place, as programs have it.
void compareResidualNorm(bool again, bool scaled) {
  const std::vector<float> residual = randomRows(5, 4.0f);
  const Memory<float> x(randomRows(6, 2.0f)), w(randomWeights(7)), next(randomWeights(8)), scale({0.75f});
  std::vector<float> paddedWeights = w.read();
  paddedWeights.resize(columns, 0.0f); // residual_norm reads the padding of its weight
  const Memory<float> first(paddedWeights);
  const CUdeviceptr factor = scaled ? scale.address : 0;
  Memory<float> sum(residual), normed(rows * columns, 0.0f);
  launch<lap::cuda::ResidualNorm>("f32-residual_norm-1x256-cuda", {1, rows}, sum.address, columns * 4, x.address,
                                  columns * 4, first.address, factor, sum.address, columns * 4, width, columns,
                                  epsilon);
  launch<lap::cuda::RmsNorm>("f32-rms_norm-1x256-cuda", {1, rows}, sum.address, columns * 4, next.address,
                             normed.address, columns * 4, width, 2 * epsilon, columns, 0.0f);
  for (const Format &format : formats()) {
    Memory<float> out(residual);
    Memory<uint8_t> rounded(rows * format.rowBytes, 0);
    launch<lap::cuda::ResidualNormRounded>(fused("residual_norm", format, "-1x256-cuda"), {1, rows}, out.address,
                                           columns * 4, x.address, columns * 4, first.address, factor, out.address,
                                           columns * 4, width, columns, epsilon, rounded.address, format.rowBytes,
                                           again ? next.address : CUdeviceptr(0), 2 * epsilon, step);
    EXPECT_EQ(out.read(), sum.read()) << format.name;
    EXPECT_EQ(rounded.read(), quantized(again ? normed : sum, format)) << format.name;
  }
}

TEST(Rounding, ResidualSumsRoundLikeQuantize) {
  compareResidualNorm(/*again=*/false, /*scaled=*/true);
  compareResidualNorm(/*again=*/false, /*scaled=*/false);
}

TEST(Rounding, ResidualSumsAreNormedAndRoundedLikeQuantize) {
  compareResidualNorm(/*again=*/true, /*scaled=*/true);
  compareResidualNorm(/*again=*/true, /*scaled=*/false);
}

} // namespace
