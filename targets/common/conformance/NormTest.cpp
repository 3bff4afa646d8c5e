// NormTest.cpp - norms, rotary embedding, embedding lookup.
// SPDX-License-Identifier: Apache-2.0
//
// Compared with double precision; lanes must not change a bit. Padding columns must come out zero.
#include "targets/common/PackedLayout.h"
#include "targets/common/conformance/Harness.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace lapidary;
using namespace lapidary::conformance;

namespace {

constexpr float Epsilon = 1e-6f;

class NormConformance : public testing::Test {
protected:
  void SetUp() override {
    if (!skipReason().empty()) {
      GTEST_SKIP() << skipReason();
    }
  }
};

std::vector<float> randomVector(uint32_t count, Random &random) {
  std::vector<float> values;
  for (uint32_t i = 0; i < count; ++i) {
    values.push_back(random.normal() + 0.5f);
  }
  return values;
}

double normFactor(const float *x, uint32_t width) {
  double squares = 0;
  for (uint32_t c = 0; c < width; ++c) {
    squares += double(x[c]) * x[c];
  }
  return 1.0 / std::sqrt(squares / width + double(Epsilon));
}

double relative(double got, double expected) { return std::fabs(got - expected) / (std::fabs(expected) + 1e-3); }

TEST_F(NormConformance, RmsNormOfWholeRows) {
  for (uint32_t width : {16u, 22u, 96u, 1536u}) {
    for (bool weighted : {false, true}) {
      for (uint32_t lanes : {1u, 3u}) {
        const uint32_t tokens = 5;
        Random random(width);
        Machine machine;
        lap_rms_norm_args args = {};
        args.x = machine.buffer(1, 0, width, tokens);
        args.out = machine.buffer(1, 0, width, tokens);
        machine.fill(args.x, tokens, width, random, 2.0f);
        const std::vector<float> w = randomVector(width, random);
        if (weighted) {
          args.w = machine.packVector(w);
        }
        args.heads = 1;
        args.width = width;
        args.eps = Epsilon;
        machine.run(lanes, tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
          lap_op_rms_norm(step, &args, kernel(KernelOp::RmsNorm), lane, count);
        });
        EXPECT_TRUE(machine.paddingIsZero(args.out, tokens, width));
        std::vector<float> all;
        for (uint32_t t = 0; t < tokens; ++t) {
          const float *x = machine.floats(args.x, t);
          const double factor = normFactor(x, width);
          for (uint32_t c = 0; c < width; ++c) {
            const float got = machine.floats(args.out, t)[c];
            ASSERT_LT(relative(got, x[c] * factor * (weighted ? w[c] : 1.0f)), tolerance(2e-6));
            all.push_back(got);
          }
        }
        expectMostlyNonZero(all);
      }
    }
  }
}

/// The same floats, rounded.
TEST_F(NormConformance, RmsNormToIntegers) {
  for (uint32_t width : {16u, 22u, 96u, 1536u}) {
    const uint32_t tokens = 5;
    Random random(width);
    Machine machine;
    lap_rms_norm_args args = {};
    args.x = machine.buffer(1, 0, width, tokens);
    args.out = machine.buffer(1, 0, width, tokens);
    machine.fill(args.x, tokens, width, random, 2.0f);
    args.w = machine.packVector(randomVector(width, random));
    args.heads = 1;
    args.width = width;
    args.eps = Epsilon;
    args.step = 0.014f;
    lap_rms_norm_args rounded = args;
    rounded.out = machine.quantizedBuffer(1, 0, width, tokens, LAP_ROWS_I8);
    machine.run(3, tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
      lap_op_rms_norm(step, &args, kernel(KernelOp::RmsNorm), lane, count);
      lap_op_rms_norm(step, &rounded, kernel(KernelOp::RmsNormStatic), lane, count);
    });
    std::vector<float> all;
    for (uint32_t t = 0; t < tokens; ++t) {
      for (uint32_t c = 0; c < rounded.out.columns; ++c) {
        const int got = static_cast<int8_t>(machine.bytes(rounded.out, t)[c]);
        ASSERT_EQ(got, c < width ? toInt8(machine.floats(args.out, t)[c], args.step) : 0) << "column " << c;
        if (c < width) {
          all.push_back(static_cast<float>(got));
        }
      }
    }
    expectMostlyNonZero(all);
  }
}

TEST_F(NormConformance, RmsNormOfHeadsInPlaceLeavesNeighboursAlone) {
  const uint32_t tokens = 3, heads = 3, width = 16, parent = 96;
  Random random(7);
  Machine machine;
  const lap_buffer whole = machine.buffer(1, 0, parent, tokens);
  machine.fill(whole, tokens, parent, random);
  std::vector<float> before(machine.floats(whole, 0), machine.floats(whole, 0) + tokens * whole.row_bytes / 4);
  lap_rms_norm_args args = {};
  args.x = whole;
  args.x.offset += 16 * 4;
  args.x.columns = 64; // 48 padded
  args.out = args.x;
  args.heads = heads;
  args.width = width;
  args.eps = Epsilon;
  machine.run(2, tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
    lap_op_rms_norm(step, &args, kernel(KernelOp::RmsNorm), lane, count);
  });
  for (uint32_t t = 0; t < tokens; ++t) {
    const float *old = &before[t * whole.row_bytes / 4];
    for (uint32_t c = 0; c < parent; ++c) {
      const bool normed = c >= 16 && c < 16 + heads * width;
      const double factor = normed ? normFactor(old + c / 16 * 16, width) : 1.0;
      ASSERT_LT(relative(machine.floats(whole, t)[c], old[c] * factor), normed ? tolerance(2e-6) : 1e-30)
          << "column " << c;
    }
  }
}

TEST_F(NormConformance, ResidualNormScalesAndMayWriteOverItsResidual) {
  for (bool scaled : {false, true}) {
    const uint32_t tokens = 4, width = 1100;
    Random random(9);
    Machine machine;
    lap_residual_norm_args args = {};
    args.residual = machine.buffer(1, 0, width, tokens);
    args.x = machine.buffer(1, 0, width, tokens);
    args.out = args.residual;
    machine.fill(args.residual, tokens, width, random);
    machine.fill(args.x, tokens, width, random);
    const std::vector<float> w = randomVector(width, random);
    args.w = machine.packVector(w);
    if (scaled) {
      args.scale = machine.packVector({0.75f});
    }
    args.width = width;
    args.eps = Epsilon;
    std::vector<float> residual(machine.floats(args.residual, 0),
                                machine.floats(args.residual, 0) + tokens * args.residual.row_bytes / 4);
    machine.run(3, tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
      lap_op_residual_norm(step, &args, kernel(KernelOp::ResidualNorm), lane, count);
    });
    EXPECT_TRUE(machine.paddingIsZero(args.out, tokens, width));
    for (uint32_t t = 0; t < tokens; ++t) {
      const float *x = machine.floats(args.x, t);
      const double factor = normFactor(x, width);
      for (uint32_t c = 0; c < width; ++c) {
        const double sum = residual[t * args.residual.row_bytes / 4 + c] + x[c] * factor * w[c];
        ASSERT_LT(std::fabs(machine.floats(args.out, t)[c] - sum * (scaled ? 0.75 : 1.0)), tolerance(3e-6));
      }
    }
  }
}

TEST_F(NormConformance, NormRotaryRotatesEveryHeadInPlace) {
  for (uint32_t headDim : {16u, 32u, 48u, 256u}) {
    for (uint32_t lanes : {1u, 2u, 3u}) {
      const uint32_t tokens = 3, heads = 3, position = 4000;
      Random random(headDim);
      Machine machine;
      std::vector<float> frequencies;
      for (uint32_t j = 0; j < headDim / 2; ++j) {
        frequencies.push_back(j < headDim / 4 ? std::pow(1e4f, -2.0f * j / headDim) : 0.0f);
      }
      const lap_rotary_table_args table = {machine.buffer(1, 0, headDim, tokens), machine.packVector(frequencies),
                                           headDim, 0};
      lap_norm_rotary_args args = {};
      args.x = machine.buffer(1, 0, heads * headDim, tokens);
      args.table = table.out;
      args.out = args.x;
      const std::vector<float> w = randomVector(headDim, random);
      args.w = machine.packVector(w);
      args.heads = heads;
      args.head_dim = headDim;
      args.eps = Epsilon;
      machine.fill(args.x, tokens, heads * headDim, random);
      std::vector<float> before(machine.floats(args.x, 0), machine.floats(args.x, 0) + tokens * args.x.row_bytes / 4);
      machine.run(lanes, tokens, position, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
        lap_op_rotary_table(step, &table, lane, count);
        lap_op_barrier(step, lane, count);
        lap_op_norm_rotary(step, &args, kernel(KernelOp::NormRotary), lane, count);
      });
      for (uint32_t i = 0; i < tokens * heads; ++i) {
        const uint32_t t = i / heads, head = i % heads;
        const float *x = &before[t * args.x.row_bytes / 4 + head * headDim];
        const float *out = machine.floats(args.out, t) + head * headDim;
        const double factor = normFactor(x, headDim);
        for (uint32_t j = 0; j < headDim / 2; ++j) {
          const double angle = double(float(position + t) * frequencies[j]);
          const double a = x[j] * factor * w[j], b = x[j + headDim / 2] * factor * w[j + headDim / 2];
          ASSERT_LT(std::fabs(out[j] - (a * std::cos(angle) - b * std::sin(angle))), tolerance(3e-6));
          ASSERT_LT(std::fabs(out[j + headDim / 2] - (b * std::cos(angle) + a * std::sin(angle))), tolerance(3e-6));
        }
      }
    }
  }
}

TEST_F(NormConformance, EmbedReadsTiledMatricesTablesAndTablesInFiles) {
  enum Place { Tiled, Table, TableInFile };
  uint32_t cases = 0;
  for (lap_format format : kernelFormats(KernelOp::Embed)) {
    for (Place place : {Tiled, Table, TableInFile}) {
      if (place != Tiled && hasScaleSteps(format)) {
        continue; // of matrices only
      }
      for (uint32_t columns : {32u, 90u, 1536u}) {
        Random random(columns + format);
        Machine machine;
        const Matrix table = randomMatrix(format, 50, columns, random);
        const int32_t ids[4] = {49, 0, 17, 33};
        const lap_embed_args args = {machine.buffer(1, 0, columns, 4),
                                     place == Tiled ? machine.packMatrix({table}) : machine.packTable(table),
                                     place == Tiled, 3.25f};
        if (place == TableInFile) {
          machine.moveWeightsToFile();
        }
        lap_embed_args last = args;
        last.out = machine.buffer(0, 1, columns, 4);
        machine.run(3, 4, 0, ids, [&](const lap_step *step, uint32_t lane, uint32_t count) {
          lap_op_embed(step, &args, kernel(KernelOp::Embed, format), lane, count);
          lap_op_embed(step, &last, kernel(KernelOp::Embed, format), lane, count);
        });
        EXPECT_TRUE(machine.paddingIsZero(args.out, 4, columns));
        for (uint32_t i = 0; i < 4 * columns; ++i, ++cases) {
          const uint32_t t = i / columns, c = i % columns;
          ASSERT_EQ(machine.floats(args.out, t)[c], table.at(ids[t], c) * 3.25f) << "token " << t << ", column " << c;
          ASSERT_EQ(machine.floats(last.out, 0)[c], table.at(ids[3], c) * 3.25f);
        }
      }
    }
  }
  ASSERT_GT(cases, 0u);
}

/// Tables whose rows have several scales, also within a work item and across two.
TEST_F(NormConformance, EmbedReadsTablesWithScalesOfBlocks) {
  for (lap_format format : {LAP_W2ROW, LAP_W4ROW, LAP_W8ROW}) {
    for (uint32_t scaleColumns : {32u, 96u, 256u, 1280u}) {
      for (bool inFile : {false, true}) {
        const uint32_t columns = scaleColumns * (3840 / scaleColumns);
        Random random(scaleColumns + format);
        Machine machine;
        const Matrix table = randomMatrix(format, 20, columns, random, scaleColumns);
        const int32_t ids[3] = {19, 0, 7};
        const lap_embed_args args = {machine.buffer(1, 0, columns, 3), machine.packTable(table), 0, 0.37f};
        if (inFile) {
          machine.moveWeightsToFile();
        }
        machine.run(2, 3, 0, ids, [&](const lap_step *step, uint32_t lane, uint32_t count) {
          lap_op_embed(step, &args, kernel(KernelOp::Embed, format), lane, count);
        });
        for (uint32_t i = 0; i < 3 * columns; ++i) {
          const uint32_t t = i / columns, c = i % columns;
          ASSERT_EQ(machine.floats(args.out, t)[c], table.at(ids[t], c) * 0.37f) << "token " << t << ", column " << c;
        }
      }
    }
  }
}

} // namespace
