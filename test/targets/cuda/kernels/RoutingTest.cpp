//===- RoutingTest.cpp - which experts a token takes, and their order --------===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "KernelFixture.h"

#include "runtime/src/cuda/Kernels.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace lapidary::cuda::test {

namespace {

struct RoutingCase {
  unsigned experts, topK, tokens;
};

class Routing : public testing::TestWithParam<RoutingCase> {
protected:
  const unsigned experts = GetParam().experts, topK = GetParam().topK, tokens = GetParam().tokens;
  std::mt19937 random{experts * 31 + tokens};
};

TEST_P(Routing, TakesTheLikeliestExpertsAndTheirShares) {
  const unsigned columns = (experts + 31) / 32 * 32, outColumns = (topK + 31) / 32 * 32;
  std::vector<float> logits(size_t(tokens) * columns), scales(experts);
  for (float &logit : logits) {
    logit = float(int(random() % 64) - 32) / 8; // some are equal
  }
  for (float &scale : scales) {
    scale = 0.5f + float(random() % 100) / 100;
  }
  const Memory<float> input(logits), own(scales), weights(size_t(tokens) * outColumns, 77.0f);
  const Memory<int32_t> indices(size_t(tokens) * outColumns, 77);
  launch<lap::cuda::Route>("f32-route-1x32-cuda", Grid{1, tokens}, input.address, int32_t(columns * 4), weights.address,
                           int32_t(outColumns * 4), indices.address, int32_t(outColumns * 4), own.address,
                           int32_t(experts), int32_t(topK), int32_t(outColumns));
  const std::vector<float> shares = weights.read();
  const std::vector<int32_t> chosen = indices.read();
  for (unsigned token = 0; token < tokens; ++token) {
    const float *row = logits.data() + token * columns;
    std::vector<unsigned> order(experts);
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(),
              [&](unsigned a, unsigned b) { return row[a] > row[b] || (row[a] == row[b] && a < b); });
    double total = 0;
    for (unsigned rank = 0; rank < topK; ++rank) {
      total += std::exp(double(row[order[rank]]));
    }
    for (unsigned rank = 0; rank < outColumns; ++rank) {
      const size_t at = token * outColumns + rank;
      ASSERT_EQ(chosen[at], rank < topK ? int32_t(order[rank]) : 0) << token << ", " << rank;
      const double want = rank < topK ? std::exp(double(row[order[rank]])) / total * double(scales[order[rank]]) : 0;
      ASSERT_NEAR(double(shares[at]), want, 1e-6) << token << ", " << rank;
    }
  }
}

TEST_P(Routing, SortsRowsByExpertAndKeepsTheirOrder) {
  const unsigned columns = (topK + 31) / 32 * 32, rows = tokens * topK;
  std::vector<int32_t> indices(size_t(tokens) * columns);
  for (unsigned token = 0; token < tokens; ++token) {
    std::vector<int32_t> some(experts);
    std::iota(some.begin(), some.end(), 0);
    std::shuffle(some.begin(), some.end(), random);
    std::copy_n(some.begin(), topK, indices.begin() + token * columns);
    indices[token * columns] = token % 3 ? indices[token * columns] : 0; // expert 0 has many
  }
  const Memory<int32_t> input(indices), out(experts + 1 + rows, -1);
  launch<lap::cuda::SortExperts>("i32-sort_experts-1x1024-cuda", Grid{1}, input.address, int32_t(columns * 4),
                                 out.address, int32_t(experts), int32_t(topK), int32_t(tokens));
  std::vector<std::vector<int32_t>> rowsOf(experts);
  for (unsigned row = 0; row < rows; ++row) {
    rowsOf[size_t(indices[row / topK * columns + row % topK])].push_back(int32_t(row));
  }
  std::vector<int32_t> want = {0};
  for (const auto &own : rowsOf) {
    want.push_back(want.back() + int32_t(own.size()));
  }
  for (const auto &own : rowsOf) {
    want.insert(want.end(), own.begin(), own.end());
  }
  EXPECT_EQ(out.read(), want);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Routing,
                         testing::Values(RoutingCase{4, 2, 1}, RoutingCase{40, 3, 17}, RoutingCase{128, 8, 8},
                                         RoutingCase{128, 8, 300}, RoutingCase{300, 5, 40}, RoutingCase{600, 4, 33}));

} // namespace

} // namespace lapidary::cuda::test
