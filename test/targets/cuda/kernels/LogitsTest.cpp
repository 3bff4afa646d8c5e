//===- LogitsTest.cpp - the largest logits of rows against their definition --===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "KernelFixture.h"

#include "runtime/src/cuda/Kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

namespace lapidary::cuda::test {

namespace {

constexpr float none = -std::numeric_limits<float>::infinity();
const std::string maximaName = "f32-logit_maxima-32x256-cuda", searchName = "f32-logit_search-32x256-cuda",
                  weighName = "f32-logit_weigh-32x256-cuda";

/// Rows of `vocab` logits with rubbish behind them, and what the kernels say about them.
struct Scene {
  unsigned vocab, padded, rows;
  std::vector<float> logits;
  std::vector<uint8_t> mask; // empty: all
  std::vector<lap_found_row> found;

  Scene(unsigned vocab, unsigned rows, llvm::function_ref<float(unsigned, unsigned)> logit)
      : vocab(vocab), padded((vocab + 31) / 32 * 32), rows(rows), logits(size_t(rows) * padded, 1e30f) {
    for (unsigned row = 0; row < rows; ++row) {
      for (unsigned id = 0; id < vocab; ++id) {
        logits[size_t(row) * padded + id] = logit(row, id);
      }
    }
  }

  bool counts(unsigned id) const { return mask.empty() || (mask[id / 8] >> id % 8 & 1); }

  void search() {
    Memory<float> input(logits), maxima(size_t(rows) * LAP_LOGIT_SETS, 0.0f);
    Memory<uint8_t> bits(mask.empty() ? std::vector<uint8_t>(1) : mask);
    Memory<lap_found_row> out(rows, lap_found_row{});
    const uint64_t maskAt = mask.empty() ? 0 : bits.address;
    const Grid grid = {LAP_FOUND_PARTS, rows};
    launch<lap::cuda::LogitMaxima>(maximaName, grid, input.address, int32_t(padded * 4), maskAt, maxima.address,
                                   int32_t(vocab));
    launch<lap::cuda::LogitSearch>(searchName, grid, input.address, int32_t(padded * 4), maskAt, maxima.address,
                                   out.address, int32_t(vocab));
    found = out.read();
  }

  /// Every usable logit that reaches the bound is listed once, or its part is full; returns the bound.
  float check(unsigned row) const {
    const float bound = found[row].parts[0].bound;
    std::map<int32_t, float> listed;
    unsigned reaching[LAP_FOUND_PARTS] = {}, usable = 0, all = 0;
    for (const lap_found_part &part : found[row].parts) {
      EXPECT_EQ(part.bound, bound);
      for (unsigned i = 0; i < std::min<unsigned>(part.count, LAP_FOUND_MOST); ++i) {
        EXPECT_TRUE(listed.emplace(part.found[i].id, part.found[i].logit).second) << part.found[i].id;
      }
    }
    for (unsigned id = 0; id < vocab; ++id) {
      const float logit = logits[size_t(row) * padded + id];
      const bool number = counts(id) && logit > none, reaches = number && logit >= bound;
      usable += number, all += reaches;
      const unsigned part = id / LAP_LOGIT_RUN % LAP_FOUND_PARTS;
      reaching[part] += reaches;
      const bool full = found[row].parts[part].count > LAP_FOUND_MOST;
      EXPECT_TRUE(full || listed.count(int32_t(id)) == reaches) << id;
      EXPECT_TRUE(!listed.count(int32_t(id)) || (reaches && listed.at(int32_t(id)) == logit)) << id;
    }
    for (unsigned part = 0; part < LAP_FOUND_PARTS; ++part) {
      EXPECT_EQ(found[row].parts[part].count, reaching[part]) << part;
    }
    EXPECT_GE(all, std::min<unsigned>(usable, LAP_FOUND_WANTED));
    return bound;
  }
};

float normal(std::mt19937 &random) { return std::normal_distribution<float>(0, 4)(random); }

} // namespace

TEST(Logits, FindsTheLargestOfEveryRow) {
  std::mt19937 random(3);
  Scene scene(40000, 3, [&](unsigned row, unsigned) { return normal(random) - float(row) * 20; });
  scene.search();
  for (unsigned row = 0; row < scene.rows; ++row) {
    EXPECT_GT(scene.check(row), none);
    unsigned total = 0;
    for (const lap_found_part &part : scene.found[row].parts) {
      EXPECT_LE(part.count, uint32_t(LAP_FOUND_MOST));
      total += part.count;
    }
    EXPECT_LE(total, 400u); // few sets have two of the largest
  }
}

TEST(Logits, FindsAllOfASmallVocabulary) {
  for (unsigned vocab : {1u, 31u, 257u, 600u, 1000u}) {
    Scene scene(vocab, 1, [](unsigned, unsigned id) { return float(id * 37 % 101) - 50; });
    scene.search();
    EXPECT_EQ(scene.check(0), none) << vocab;
  }
}

TEST(Logits, LeavesOutWhatIsNoNumber) {
  Scene scene(5003, 2, [](unsigned row, unsigned id) {
    return id % 3 == 0 ? NAN : id % 3 == 1 || row == 1 ? none : float(id % 7) - 9;
  });
  scene.search();
  scene.check(0);
  EXPECT_EQ(scene.check(1), none);
  for (const lap_found_part &part : scene.found[1].parts) {
    EXPECT_EQ(part.count, 0u);
  }
}

TEST(Logits, CountsTiesThatDoNotFit) {
  Scene scene(9000, 1, [](unsigned, unsigned) { return -0.5f; });
  scene.search();
  EXPECT_EQ(scene.found[0].parts[0].count, 9000u / 256 * 8 + 8); // 35 rounds of all parts, and 40 ids
  EXPECT_LE(scene.found[0].parts[0].bound, -0.5f);
}

TEST(Logits, TakesInfinityAndBothZeroes) {
  Scene scene(20000, 1, [](unsigned, unsigned id) {
    return id == 777 ? std::numeric_limits<float>::infinity() : id % 50 == 0 ? (id % 100 ? 0.0f : -0.0f) : -1.0f - id;
  });
  scene.search();
  scene.check(0);
}

TEST(Logits, SearchesWhatTheMaskAllows) {
  std::mt19937 random(5);
  for (unsigned every : {2u, 64u, 9000u}) {
    Scene scene(20001, 1, [&](unsigned, unsigned) { return normal(random); });
    scene.mask.assign((scene.vocab + 7) / 8, 0);
    unsigned allowed = 0;
    for (unsigned id = random() % every; id < scene.vocab; id += every, ++allowed) {
      scene.mask[id / 8] = uint8_t(scene.mask[id / 8] | 1u << id % 8);
    }
    scene.search();
    EXPECT_EQ(scene.check(0) == none, every > 2) << every; // too few sets have one
    EXPECT_GT(allowed, 0u);
  }
}

TEST(Logits, WeighsARow) {
  std::mt19937 random(9);
  for (bool masked : {false, true}) {
    for (float temperature : {0.5f, 1.7f}) {
      Scene scene(30011, 1, [&](unsigned, unsigned id) { return id % 11 == 0 ? NAN : normal(random); });
      if (masked) {
        scene.mask.assign((scene.vocab + 7) / 8, 0x5a);
      }
      double expected = 0;
      float largest = none;
      for (int pass = 0; pass < 2; ++pass) {
        for (unsigned id = 0; id < scene.vocab; ++id) {
          if (scene.counts(id) && scene.logits[id] > none) {
            largest = std::max(largest, scene.logits[id] / temperature);
            expected += pass ? std::exp(double(scene.logits[id] / temperature) - double(largest)) : 0;
          }
        }
      }
      Memory<float> input(scene.logits), sums(LAP_FOUND_PARTS, 0.0f);
      Memory<uint8_t> bits(masked ? scene.mask : std::vector<uint8_t>(1));
      launch<lap::cuda::LogitWeigh>(weighName, Grid{LAP_FOUND_PARTS}, input.address, masked ? bits.address : 0,
                                    sums.address, int32_t(scene.vocab), temperature, largest);
      double total = 0;
      for (float part : sums.read()) {
        total += double(part);
      }
      EXPECT_NEAR(total / expected, 1, 0x1p-17); // what the sampler allows for is 2^-15
    }
  }
}

} // namespace lapidary::cuda::test
