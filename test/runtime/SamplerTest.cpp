//===- SamplerTest.cpp - greedy, top_k, top_p, distribution ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Small rows whose probabilities are known, drawn often enough that a wrong order of the filters shows.
//===----------------------------------------------------------------------===//
#include "runtime/src/Sampler.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <vector>

using namespace lap;

namespace {

struct Fixture {
  lap_program program{};
  std::vector<float> logits;
  std::vector<Candidate> scratch;
  Sampler sampler;

  explicit Fixture(std::vector<float> row) : logits(std::move(row)), scratch(logits.size()) {
    program.vocab = uint32_t(logits.size());
    sampler.program = &program;
    sampler.scratch = scratch.data();
    sampler.random.seed(42);
  }
  std::map<int32_t, int> draw(float temperature, uint32_t topK, float topP, int times) {
    std::map<int32_t, int> counts;
    for (int i = 0; i < times; ++i) {
      ++counts[sampler.sample(logits.data(), {sizeof(lap_sampling), temperature, topP, topK})];
    }
    return counts;
  }
};

std::vector<float> logsOf(std::vector<double> probabilities) {
  std::vector<float> logits;
  for (double p : probabilities) {
    logits.push_back(float(std::log(p)));
  }
  return logits;
}

} // namespace

TEST(Sampler, GreedyTakesTheLowestIdOfTheLargestLogit) {
  Fixture f({1, 5, 5, -3});
  EXPECT_EQ(f.draw(0, 0, 1, 5), (std::map<int32_t, int>{{1, 5}}));
}

TEST(Sampler, FollowsTheDistribution) {
  Fixture f(logsOf({0.5, 0.3, 0.15, 0.05}));
  auto counts = f.draw(1, 0, 1, 40000);
  EXPECT_NEAR(counts[0] / 40000.0, 0.5, 0.01);
  EXPECT_NEAR(counts[1] / 40000.0, 0.3, 0.01);
  EXPECT_NEAR(counts[2] / 40000.0, 0.15, 0.01);
  EXPECT_NEAR(counts[3] / 40000.0, 0.05, 0.01);
}

TEST(Sampler, TemperatureSharpens) {
  Fixture f(logsOf({0.6, 0.4}));
  auto counts = f.draw(0.5f, 0, 1, 40000); // 0.36 : 0.16
  EXPECT_NEAR(counts[0] / 40000.0, 0.36 / 0.52, 0.01);
}

TEST(Sampler, TopKKeepsTiesWithTheLastKept) {
  Fixture f(logsOf({0.1, 0.4, 0.2, 0.2, 0.1}));
  auto counts = f.draw(1, 2, 1, 5000);
  EXPECT_EQ(counts.size(), 3u);
  EXPECT_EQ(counts.count(0) + counts.count(4), 0u);
}

TEST(Sampler, TopPKeepsTheTokenThatCrossesTheBound) {
  Fixture f(logsOf({0.15, 0.5, 0.05, 0.3}));
  auto counts = f.draw(1, 0, 0.7f, 20000); // 0.5 alone is less than 0.7, so 0.3 stays
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_NEAR(counts[1] / 20000.0, 0.5 / 0.8, 0.015);
  EXPECT_EQ(f.draw(1, 0, 0.4f, 100), (std::map<int32_t, int>{{1, 100}}));
}

TEST(Sampler, TopPIsTakenFromWhatTopKLeft) {
  // After top_k = 2: 5/8 and 3/8. top_p = 0.6 keeps one token; from all four it would have kept two.
  Fixture f(logsOf({0.15, 0.5, 0.05, 0.3}));
  EXPECT_EQ(f.draw(1, 2, 0.6f, 100), (std::map<int32_t, int>{{1, 100}}));
  EXPECT_EQ(f.draw(1, 0, 0.6f, 1000).size(), 2u);
}

TEST(Sampler, LeavesOutSuppressedIdsAndNans) {
  Fixture f({9, NAN, 1, 0});
  f.program.suppress_count = 1;
  f.program.suppress[0] = 0;
  auto counts = f.draw(1, 0, 1, 1000);
  EXPECT_EQ(counts.count(0) + counts.count(1), 0u);
  EXPECT_EQ(f.draw(0, 0, 1, 1).begin()->first, 2);
}

namespace {

/// What `sample` must draw, by sorting everything.
int32_t bySorting(const Fixture &f, const lap_sampling &sampling, const std::vector<uint64_t> &allowed,
                  double uniform) {
  std::vector<Candidate> all;
  for (uint32_t id = 0; id < f.program.vocab; ++id) {
    const bool masked = !allowed.empty() && !(allowed[id / 64] >> id % 64 & 1);
    if (!masked && id != uint32_t(f.program.suppress[0]) && f.logits[id] > -INFINITY) {
      all.push_back({f.logits[id] / sampling.temperature, int32_t(id)});
    }
  }
  std::sort(all.begin(), all.end(), [](const Candidate &a, const Candidate &b) {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
  });
  size_t kept = std::min<size_t>(sampling.top_k, all.size());
  while (kept < all.size() && all[kept].logit == all[kept - 1].logit) {
    ++kept;
  }
  const auto weight = [&](size_t i) { return std::exp(double(all[i].logit) - double(all[0].logit)); };
  double total = 0, sum = 0;
  for (size_t i = 0; i < kept; ++i) {
    total += weight(i);
  }
  size_t nucleus = 0;
  while (nucleus < kept && (nucleus == 0 || sum < double(sampling.top_p) * total)) {
    sum += weight(nucleus++);
  }
  double target = uniform * sum;
  for (size_t i = 0; i + 1 < nucleus; ++i) {
    if ((target -= weight(i)) < 0) {
      return all[i].id;
    }
  }
  return all[nucleus - 1].id;
}

} // namespace

TEST(Sampler, LooksAtFewLogitsAndDrawsAsIfAtAll) {
  std::mt19937 random(7);
  unsigned draws = 0;
  for (uint32_t vocab : {70u, 5000u, 70000u}) { // blocks of 64 and of 128
    for (int round = 0; round < 40; ++round) {
      std::vector<float> row(vocab);
      for (float &logit : row) {
        logit = float(random() % (round % 2 ? 50 : 1000000)) / (round % 2 ? 10.0f : 100000.0f); // many ties, or few
        logit = random() % 50 == 0 ? NAN : random() % 50 == 0 ? -INFINITY : logit;
      }
      Fixture f(row);
      f.program.suppress_count = 1;
      f.program.suppress[0] = int32_t(random() % vocab);
      std::vector<uint64_t> allowed;
      for (uint32_t word = 0; round % 3 == 0 && word < (vocab + 63) / 64; ++word) {
        allowed.push_back(random() % 2 ? ~uint64_t(0) : uint64_t(random()) << 16);
      }
      const lap_sampling sampling{sizeof(lap_sampling), 0.3f + float(round % 5), 0.93f, 1 + uint32_t(random() % 64)};
      Random same = f.sampler.random;
      for (int i = 0; i < 5; ++i, ++draws) {
        const int32_t expected = bySorting(f, sampling, allowed, same.uniform());
        ASSERT_EQ(f.sampler.sample(row.data(), sampling, allowed.empty() ? nullptr : allowed.data()), expected)
            << vocab << " logits, round " << round << ", top_k " << sampling.top_k;
      }
    }
  }
  EXPECT_EQ(draws, 600u);
}

namespace {

/// Fills the sampler's scratch with the usable logits that reach the `wanted`-th largest, in some order.
KnownLogits know(Fixture &f, const std::vector<uint64_t> &allowed, size_t wanted, std::mt19937 &random) {
  std::vector<Candidate> all;
  for (uint32_t id = 0; id < f.program.vocab; ++id) {
    const Candidate candidate = {f.logits[id], int32_t(id)};
    if (f.sampler.isUsable(candidate, allowed.empty() ? nullptr : allowed.data())) {
      all.push_back(candidate);
    }
  }
  KnownLogits known;
  known.bound = -INFINITY;
  std::sort(all.begin(), all.end(), [](const Candidate &a, const Candidate &b) { return a.logit > b.logit; });
  if (wanted < all.size()) {
    known.bound = all[wanted - 1].logit;
    all.erase(std::find_if(all.begin(), all.end(), [&](const Candidate &c) { return c.logit < known.bound; }),
              all.end());
  }
  std::shuffle(all.begin(), all.end(), random);
  std::copy(all.begin(), all.end(), f.sampler.scratch);
  known.count = uint32_t(all.size());
  return known;
}

/// The sum of all usable weights, give or take a little.
void addTotal(KnownLogits &known, const Fixture &f, const std::vector<uint64_t> &allowed, float temperature) {
  double total = 0;
  float largest = -INFINITY;
  for (int pass = 0; pass < 2; ++pass) {
    for (uint32_t id = 0; id < f.program.vocab; ++id) {
      if (f.sampler.isUsable({f.logits[id], int32_t(id)}, allowed.empty() ? nullptr : allowed.data())) {
        largest = std::max(largest, f.logits[id] / temperature);
        total += pass ? std::exp(double(f.logits[id] / temperature) - double(largest)) : 0;
      }
    }
  }
  known.leastTotal = total * (1 - 1e-5), known.mostTotal = total * (1 + 1e-5);
}

} // namespace

TEST(Sampler, DrawsFromAPartOfARowAsFromAllOrNotAtAll) {
  std::mt19937 random(11);
  unsigned sure = 0, unsure = 0;
  for (int round = 0; round < 1200; ++round) {
    std::vector<float> row(200 + random() % 400);
    for (float &logit : row) {
      logit = float(random() % (round % 2 ? 100 : 1000000)) / (round % 2 ? 5.0f : 50000.0f);
      logit = random() % 40 == 0 ? NAN : random() % 40 == 0 ? -INFINITY : logit;
    }
    Fixture f(row);
    f.program.suppress_count = 1;
    f.program.suppress[0] = int32_t(random() % row.size());
    std::vector<uint64_t> allowed;
    for (uint32_t word = 0; round % 3 == 0 && word < (row.size() + 63) / 64; ++word) {
      allowed.push_back(round % 2 ? uint64_t(1) << random() % 64 : uint64_t(random()) << 16);
    }
    const lap_sampling sampling{sizeof(lap_sampling), round % 7 == 0 ? 0 : 0.5f + float(random() % 3),
                                round % 5 == 0 ? 1 : 0.3f + float(random() % 60) / 100,
                                round % 4 == 0 ? 0 : 1 + uint32_t(random() % 50)};
    KnownLogits known = know(f, allowed, 1 + random() % 300, random);
    if (sampling.temperature > 0 && round % 8 == 0) {
      addTotal(known, f, allowed, sampling.temperature);
    }
    f.sampler.random.seed(uint64_t(round));
    const Random before = f.sampler.random;
    const int32_t id = f.sampler.sampleKnown(known, sampling);
    if (id == Sampler::Unsure) {
      ++unsure;
      EXPECT_EQ(f.sampler.random.position(), before.position());
      continue;
    }
    ++sure;
    const uint64_t after = f.sampler.random.position();
    f.sampler.random = before;
    ASSERT_EQ(id, f.sampler.sample(row.data(), sampling, allowed.empty() ? nullptr : allowed.data()))
        << "round " << round << ", top_k " << sampling.top_k << ", top_p " << sampling.top_p;
    EXPECT_EQ(f.sampler.random.position(), after);
  }
  EXPECT_GT(sure, 600u);
  EXPECT_GT(unsure, 50u);
}

TEST(Sampler, KnowsWhenTiesBehindTheBoundCouldBeKept) {
  Fixture f({3, 2, 1, 1, 0});
  f.sampler.scratch[0] = {3, 0}, f.sampler.scratch[1] = {2, 1}, f.sampler.scratch[2] = {1, 2};
  const KnownLogits known = {3, 1, 0, INFINITY}; // id 3 has the same logit and is not known
  EXPECT_EQ(f.sampler.sampleKnown(known, {sizeof(lap_sampling), 1, 1, 3}), Sampler::Unsure);
  f.sampler.scratch[0] = {3, 0}, f.sampler.scratch[1] = {2, 1}, f.sampler.scratch[2] = {1, 2};
  EXPECT_GE(f.sampler.sampleKnown(known, {sizeof(lap_sampling), 1, 1, 2}), 0);
}

TEST(Sampler, ReportsARowWithoutNumbers) {
  Fixture f({NAN, -INFINITY, NAN});
  EXPECT_EQ(f.draw(1, 0, 1, 1).begin()->first, -1);
}

TEST(Sampler, SameSeedSameDraws) {
  std::vector<float> row(1000);
  for (size_t i = 0; i < row.size(); ++i) {
    row[i] = float((i * 37) % 101) / 20;
  }
  std::vector<int32_t> runs[2];
  for (auto &run : runs) {
    Fixture f(row);
    for (int i = 0; i < 200; ++i) {
      run.push_back(f.sampler.sample(row.data(), {sizeof(lap_sampling), 1, 0.9f, 50}));
    }
  }
  EXPECT_EQ(runs[0], runs[1]);
  std::set<int32_t> distinct(runs[0].begin(), runs[0].end());
  EXPECT_GT(distinct.size(), 5u);
}

TEST(Sampler, RandomIsRepeatableAndInRange) {
  Random random;
  random.seed(42);
  uint32_t first = random.next();
  Random again;
  again.seed(42);
  EXPECT_EQ(again.next(), first);
  for (int i = 0; i < 1000; ++i) {
    double u = random.uniform();
    ASSERT_TRUE(u >= 0 && u < 1);
  }
}
