// ExpertTest.cpp - routing, sorting, expert products, combination.
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/PackedLayout.h"
#include "targets/common/conformance/Harness.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

using namespace lapidary;
using namespace lapidary::conformance;

namespace {

constexpr uint32_t Experts = 8, TopK = 3, Rows = 44, Columns = 64, MaxTokens = 40;

/// All buffers of one routed product.
struct Routed {
  Machine machine;
  lap_buffer logits, weights, indices, order, x, out, combined;
  lap_weight scale, w;
  std::vector<float> scales;
  std::vector<Matrix> experts;
  std::vector<float> logitValues;

  Routed(lap_format format, uint32_t tokens) {
    Random random(format * 100 + tokens);
    logits = machine.buffer(1, 0, Experts, MaxTokens);
    weights = machine.buffer(1, 0, TopK, MaxTokens);
    indices = machine.buffer(1, 0, TopK, MaxTokens);
    order = machine.buffer(0, 1, Experts + 1 + MaxTokens * TopK, MaxTokens);
    x = machine.buffer(1, 0, Columns, MaxTokens);
    out = machine.buffer(TopK, 0, Rows, MaxTokens);
    combined = machine.buffer(1, 0, Rows, MaxTokens);
    machine.fill(logits, tokens, Experts, random);
    machine.fill(x, tokens, Columns, random);
    if (tokens > 1) { // a tie: the lower index comes first
      machine.floats(logits, 1)[6] = machine.floats(logits, 1)[2] = 9.0f;
    }
    for (uint32_t t = 0; t < tokens; ++t) {
      logitValues.insert(logitValues.end(), machine.floats(logits, t), machine.floats(logits, t) + Experts);
    }
    for (uint32_t e = 0; e < Experts; ++e) {
      scales.push_back(0.5f + 0.25f * e);
      experts.push_back(randomMatrix(format, Rows, Columns, random));
    }
    scale = machine.packVector(scales);
    w = machine.packMatrix(experts);
  }
};

void runAll(Routed &r, uint32_t lanes, uint32_t tokens, lap_format format) {
  // route overwrites the logits: every run starts from the same ones.
  for (uint32_t t = 0; t < tokens; ++t) {
    std::copy_n(&r.logitValues[t * Experts], Experts, r.machine.floats(r.logits, t));
  }
  const lap_route_args route = {r.logits, r.weights, r.indices, r.scale, Experts, TopK};
  const lap_sort_experts_args sort = {r.indices, r.order, Experts, TopK};
  const lap_expert_matmul_args product = {r.x, r.order, r.out, r.w, Experts, TopK};
  const lap_combine_experts_args combine = {r.out, r.weights, r.combined, TopK, 0};
  r.machine.run(lanes, tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
    lap_op_route(step, &route, lane, count);
    lap_op_barrier(step, lane, count);
    lap_op_sort_experts(step, &sort, lane, count);
    lap_op_barrier(step, lane, count);
    lap_op_expert_matmul(step, &product, kernel(KernelOp::Matvec, format), kernel(KernelOp::Matmat, format), lane,
                         count);
    lap_op_barrier(step, lane, count);
    lap_op_combine_experts(step, &combine, kernel(KernelOp::CombineExperts), lane, count);
  });
}

void checkRoute(Routed &r, uint32_t t) {
  const float *logits = &r.logitValues[t * Experts];
  std::vector<uint32_t> ranked(Experts);
  std::iota(ranked.begin(), ranked.end(), 0u);
  std::sort(ranked.begin(), ranked.end(),
            [&](uint32_t a, uint32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  double total = 0;
  for (uint32_t k = 0; k < TopK; ++k) {
    total += std::exp(double(logits[ranked[k]]));
  }
  for (uint32_t k = 0; k < TopK; ++k) {
    ASSERT_EQ(r.machine.integers(r.indices, t)[k], static_cast<int32_t>(ranked[k]));
    const double expected = std::exp(double(logits[ranked[k]])) / total * r.scales[ranked[k]];
    ASSERT_NEAR(r.machine.floats(r.weights, t)[k], expected, 1e-6);
  }
  for (uint32_t k = TopK; k < 32; ++k) {
    ASSERT_EQ(r.machine.floats(r.weights, t)[k], 0.0f);
  }
}

void checkProducts(Routed &r, uint32_t t) {
  std::vector<double> sum(Rows);
  for (uint32_t k = 0; k < TopK; ++k) {
    const Matrix &w = r.experts[r.machine.integers(r.indices, t)[k]];
    for (uint32_t row = 0; row < Rows; ++row) {
      float expected = 0.0f;
      for (uint32_t c = 0; c < Columns; ++c) {
        expected = std::fma(w.at(row, c), r.machine.floats(r.x, t)[c], expected);
      }
      ASSERT_EQ(r.machine.floats(r.out, t * TopK + k)[row], expected) << "token " << t << ", rank " << k;
      sum[row] += double(expected) * r.machine.floats(r.weights, t)[k];
    }
  }
  for (uint32_t row = 0; row < Rows; ++row) {
    ASSERT_NEAR(r.machine.floats(r.combined, t)[row], sum[row], 1e-5);
  }
}

TEST(ExpertConformance, RoutedProductsEqualTheReference) {
  if (!skipReason().empty()) {
    GTEST_SKIP() << skipReason();
  }
  uint32_t cases = 0;
  for (lap_format format : {LAP_F32, LAP_BF16}) {
    for (uint32_t tokens : {1u, 2u, 9u, 40u}) {
      Routed r(format, tokens);
      for (uint32_t lanes = 1; lanes <= 3; ++lanes, ++cases) {
        runAll(r, lanes, tokens, format);
        for (uint32_t t = 0; t < tokens; ++t) {
          checkRoute(r, t);
          checkProducts(r, t);
        }
        EXPECT_TRUE(r.machine.paddingIsZero(r.out, tokens * TopK, Rows));
        EXPECT_TRUE(r.machine.paddingIsZero(r.combined, tokens, Rows));
      }
    }
  }
  ASSERT_GT(cases, 0u);
}

TEST(ExpertConformance, SortIsStableAndComplete) {
  if (!skipReason().empty()) {
    GTEST_SKIP() << skipReason();
  }
  Routed r(LAP_F32, MaxTokens);
  runAll(r, 2, MaxTokens, LAP_F32);
  const int32_t *first = r.machine.integers(r.order, 0), *rows = first + Experts + 1;
  ASSERT_EQ(first[0], 0);
  ASSERT_EQ(first[Experts], static_cast<int32_t>(MaxTokens * TopK));
  for (uint32_t e = 0; e < Experts; ++e) {
    for (int32_t i = first[e]; i < first[e + 1]; ++i) {
      ASSERT_EQ(r.machine.integers(r.indices, rows[i] / TopK)[rows[i] % TopK], static_cast<int32_t>(e));
      ASSERT_TRUE(i == first[e] || rows[i - 1] < rows[i]);
    }
  }
}

TEST(ExpertConformance, QuantizedProductsEqualThePlainProductOfTheExpert) {
  if (!skipReason().empty()) {
    GTEST_SKIP() << skipReason();
  }
  const uint32_t tokens = 21;
  for (auto test : {std::pair{LAP_W8G32, LAP_ROWS_Q8},
                    {LAP_W4G32, LAP_ROWS_Q8},
                    {LAP_W4G32S8, LAP_ROWS_Q8},
                    {LAP_W4G32S8, LAP_ROWS_Q24}}) {
    const lap_format format = test.first;
    for (uint32_t lanes = 1; lanes <= 3; ++lanes) {
      Routed r(format, tokens);
      const lap_quantize_args quantize = {r.x, r.machine.quantizedBuffer(1, 0, Columns, MaxTokens, test.second), 0, 0};
      r.machine.run(1, tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
        lap_op_quantize(step, &quantize, kernel(KernelOp::Quantize), kernel(KernelOp::QuantizeResidual), lane, count);
      });
      r.x = quantize.out;
      runAll(r, lanes, tokens, format);
      std::vector<float> all;
      for (uint32_t e = 0; e < Experts; ++e) {
        lap_matmul_args plain = {};
        plain.x = r.x;
        plain.out = r.machine.buffer(1, 0, Rows, MaxTokens);
        plain.w = r.w;
        plain.w.offset += e * r.w.expert_bytes;
        r.machine.run(1, tokens, 0, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
          lap_op_matmul(step, &plain, kernel(KernelOp::Matvec, format), kernel(KernelOp::Matmat, format), lane, count);
        });
        for (uint32_t i = 0; i < tokens * TopK; ++i) {
          if (r.machine.integers(r.indices, i / TopK)[i % TopK] == static_cast<int32_t>(e)) {
            const float *got = r.machine.floats(r.out, i), *expected = r.machine.floats(plain.out, i / TopK);
            ASSERT_TRUE(std::equal(got, got + Rows, expected)) << "routed row " << i << ", expert " << e;
            all.insert(all.end(), got, got + Rows);
          }
        }
      }
      ASSERT_EQ(all.size(), size_t(tokens) * TopK * Rows);
      expectMostlyNonZero(all);
    }
  }
}

} // namespace
