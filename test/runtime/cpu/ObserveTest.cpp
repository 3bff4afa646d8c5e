// ObserveTest.cpp - second moments of float and q8 rows, whatever the lanes; counts of magnitudes.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/src/cpu/Observe.h"
#include "runtime/src/cpu/Kernels.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace {

constexpr uint32_t Tokens = 70; // more than one batch

struct Input {
  lap_step step = {};
  lap_buffer buffer = {};
  lap_weight weight = {};
  float inputStep = 0;
  std::vector<float> arena;
};

/// `values` is [Tokens][columns].
void placeFloats(Input &input, const std::vector<float> &values, uint32_t columns) {
  input.arena = values;
  input.step.arena = reinterpret_cast<uint8_t *>(input.arena.data());
  input.step.tokens = Tokens;
  input.buffer.columns = input.weight.columns = columns;
  input.buffer.row_bytes = columns * 4;
  input.buffer.rows_per_token = 1;
  input.weight.format = LAP_F32;
}

std::vector<float> randomValues(uint32_t columns) {
  std::mt19937 random(columns);
  std::vector<float> values(Tokens * columns);
  for (float &value : values) {
    value = static_cast<float>(static_cast<int>(random() % 17) - 8); // sums are exact
  }
  return values;
}

std::vector<float> observed(Input &input, uint32_t lanes) {
  lap_observer observer;
  input.step.observer = &observer;
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    lap::observe(&input.step, input.weight, input.buffer, input.inputStep, lane, lanes);
  }
  EXPECT_EQ(observer.count, 1u);
  EXPECT_EQ(observer.missing, 0u);
  lap::Moments &moments = *observer.entries[0];
  EXPECT_EQ(moments.rows, Tokens);
  lap::finishMoments(moments);
  return std::vector<float>(moments.values, moments.values + moments.columns * lap_moment_stride(moments.columns));
}

/// Plain triple loop over the blocks of 512 columns.
std::vector<float> expected(const std::vector<float> &values, uint32_t columns) {
  const uint32_t stride = lap_moment_stride(columns);
  std::vector<float> moments(columns * stride);
  for (uint32_t i = 0; i < columns; ++i) {
    const uint32_t first = i / stride * stride;
    for (uint32_t j = first; j < first + stride && j < columns; ++j) {
      for (uint32_t row = 0; row < Tokens; ++row) {
        moments[i * stride + j - first] += values[row * columns + i] * values[row * columns + j];
      }
    }
  }
  return moments;
}

TEST(Observe, MomentsAreSumsOfProductsForAnyNumberOfLanes) {
  for (uint32_t columns : {32u, 512u, 544u}) {
    Input input;
    const std::vector<float> values = randomValues(columns);
    placeFloats(input, values, columns);
    for (uint32_t lanes : {1u, 3u}) {
      EXPECT_EQ(observed(input, lanes), expected(values, columns)) << columns << " columns, " << lanes << " lanes";
    }
  }
}

TEST(Observe, QuantizedRowsCountAsTheirValues) {
  const uint32_t columns = 64, rowFloats = columns / 4 + columns / 32 * 2;
  std::vector<float> values = randomValues(columns), rows(Tokens * rowFloats);
  for (uint32_t row = 0; row < Tokens; ++row) {
    int8_t *integers = reinterpret_cast<int8_t *>(&rows[row * rowFloats]);
    for (uint32_t c = 0; c < columns; ++c) {
      integers[c] = static_cast<int8_t>(values[row * columns + c]);
      values[row * columns + c] *= c < 32 ? 0.5f : 2.0f;
    }
    const float scales[] = {0.5f, 2.0f};
    std::memcpy(integers + columns, scales, sizeof(scales));
  }
  Input input;
  placeFloats(input, rows, columns);
  input.buffer.row_bytes = rowFloats * 4;
  input.weight.format = LAP_W8G32;
  input.buffer.element = LAP_ROWS_Q8;
  EXPECT_EQ(observed(input, 2), expected(values, columns));
}

/// Rows of several planes and of a static scale; `element` says how the bytes are laid out.
TEST(Observe, OtherIntegerRowsCountAsTheirValues) {
  const uint32_t columns = 64, plane = 128; // 64 + 2 * 8, rounded up
  for (lap_element element : {LAP_ROWS_Q24, LAP_ROWS_I8, LAP_ROWS_R24}) {
    std::vector<float> values = randomValues(columns), rows(Tokens * LAP_PLANES * plane / 4);
    for (uint32_t row = 0; row < Tokens; ++row) {
      uint8_t *bytes = reinterpret_cast<uint8_t *>(&rows[row * LAP_PLANES * plane / 4]);
      const float one[] = {0.5f, 0.5f}, other[] = {0.25f, 0.25f};
      for (uint32_t c = 0; c < columns; ++c) {
        float &value = values[row * columns + c];
        const int8_t first = static_cast<int8_t>(value), second = static_cast<int8_t>(c % 5);
        bytes[c] = static_cast<uint8_t>(first);
        bytes[element == LAP_ROWS_R24 ? columns + c : plane + c] = static_cast<uint8_t>(second);
        value = element == LAP_ROWS_Q24  ? 0.5f * first + 0.25f * second
                : element == LAP_ROWS_I8 ? 0.5f * first
                                         : 0.5f * static_cast<float>(65536 * first + 256 * second);
      }
      if (element == LAP_ROWS_Q24) {
        std::memcpy(bytes + columns, one, sizeof(one));
        std::memcpy(bytes + plane + columns, other, sizeof(other));
      } else if (element == LAP_ROWS_R24) {
        std::memcpy(bytes + LAP_PLANES * columns, one, sizeof(float));
      }
    }
    Input input;
    placeFloats(input, rows, columns);
    input.buffer.row_bytes = LAP_PLANES * plane;
    input.buffer.element = element;
    input.inputStep = 0.5f;
    const std::vector<float> got = observed(input, 2), wanted = expected(values, columns);
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_NEAR(got[i], wanted[i], 1e-5f * std::abs(wanted[i]) + 1e-3f) << "element " << element;
    }
  }
}

TEST(Observe, EveryWeightHasMomentsOfItsOwn) {
  Input input;
  placeFloats(input, randomValues(32), 32);
  lap_observer observer;
  input.step.observer = &observer;
  for (uint64_t offset : {0u, 4096u, 0u}) {
    input.weight.offset = offset;
    lap::observe(&input.step, input.weight, input.buffer, 0, 0, 1);
  }
  ASSERT_EQ(observer.count, 2u);
  EXPECT_EQ(observer.entries[0]->rows, 2 * Tokens);
  EXPECT_EQ(observer.entries[1]->rows, Tokens);
}

/// The counts that are not 0, by bin.
std::vector<std::pair<uint32_t, uint32_t>> countsOf(const uint32_t *counts) {
  std::vector<std::pair<uint32_t, uint32_t>> result;
  for (uint32_t bin = 0; bin < LAP_RANGE_BINS; ++bin) {
    if (counts[bin]) {
      result.emplace_back(bin, counts[bin]);
    }
  }
  return result;
}

TEST(Observe, MagnitudesFallIntoEightBinsForAPowerOfTwo) {
  const float values[] = {0.0f, 1e-20f, 1.0f, -1.1f, 1.125f, -2.0f, 1e20f};
  uint32_t counts[LAP_RANGE_BINS] = {};
  lap::countMagnitudes(values, std::size(values), counts);
  const std::vector<std::pair<uint32_t, uint32_t>> wanted = {
      {0, 2}, {320, 2}, {321, 1}, {328, 1}, {LAP_RANGE_BINS - 1, 1}};
  EXPECT_EQ(countsOf(counts), wanted);
}

TEST(Observe, AFullCountStays) {
  uint32_t counts[LAP_RANGE_BINS] = {UINT32_MAX};
  const float zero = 0;
  lap::countMagnitudes(&zero, 1, counts);
  EXPECT_EQ(counts[0], UINT32_MAX);
}

TEST(Observe, InputsAreCountedOnceHoweverManyLanes) {
  Input input;
  placeFloats(input, std::vector<float>(Tokens * 544, 1.0f), 544);
  lap_observer observer;
  input.step.observer = &observer;
  for (uint32_t lane = 0; lane < 3; ++lane) {
    lap::observe(&input.step, input.weight, input.buffer, 0, lane, 3);
  }
  ASSERT_EQ(observer.rangeCount, 1u);
  EXPECT_EQ(observer.ranges[0]->kind, lap::RangeOf::Input);
  EXPECT_EQ(observer.ranges[0]->counts[320], Tokens * 544);
}

TEST(Observe, EveryTileOfAnOutputHasCountsOfItsOwn) {
  Input input;
  std::vector<float> values(Tokens * 32, 1.0f);
  for (uint32_t row = 0; row < Tokens; ++row) {
    std::fill_n(values.begin() + row * 32 + 16, 16, -2.0f);
  }
  placeFloats(input, values, 32);
  input.weight.rows = 32;
  lap_observer observer;
  input.step.observer = &observer;
  lap::observeOutput(&input.step, input.weight, input.buffer, 0, 1);
  lap::observeOutput(&input.step, input.weight, input.buffer, 1, 2);
  ASSERT_EQ(observer.rangeCount, 1u);
  ASSERT_EQ(observer.ranges[0]->parts, 2u);
  EXPECT_EQ(observer.ranges[0]->counts[320], Tokens * 16);
  EXPECT_EQ(observer.ranges[0]->counts[LAP_RANGE_BINS + 328], Tokens * 16);
}

/// A kernel that only returns; rows are written by the test.
int appendNothing(lap::HalideBuffer *, lap::HalideBuffer *, lap::HalideBuffer *, lap::HalideBuffer *) { return 0; }

/// No barrier stands between norm, rotation and append of a head: each lane sees only its own heads ready.
TEST(Observe, KeysAndValuesAreCountedByTheLaneThatAppendsThem) {
  constexpr uint32_t Heads = 2, HeadDim = 16, ThreeLanes = 3;
  Input input;
  placeFloats(input, std::vector<float>(Tokens * Heads * HeadDim, -2.0f), Heads * HeadDim);
  std::vector<float> caches(2 * 80 * Heads * HeadDim);
  input.step.caches = reinterpret_cast<uint8_t *>(caches.data());
  lap_kv_append_args args = {};
  args.key = args.value = input.buffer;
  args.cache.slots = 80;
  args.cache.kv_heads = Heads;
  args.cache.head_dim = HeadDim;
  args.cache.element = LAP_F32;
  lap_observer observer;
  input.step.observer = &observer;
  for (uint32_t lane = 0; lane < ThreeLanes; ++lane) {
    const lap::Range items = lap::share(Tokens * Heads, lane, ThreeLanes);
    std::fill_n(input.arena.begin() + items.begin * HeadDim, (items.end - items.begin) * HeadDim, 1.0f);
    lap_op_kv_append(&input.step, &args, reinterpret_cast<lap_kernel *>(appendNothing), lane, ThreeLanes);
  }
  ASSERT_EQ(observer.rangeCount, 2u);
  const std::vector<std::pair<uint32_t, uint32_t>> wanted = {{320, Tokens * Heads * HeadDim}};
  EXPECT_EQ(countsOf(observer.ranges[0]->counts), wanted);
  EXPECT_EQ(countsOf(observer.ranges[1]->counts), wanted);
}

TEST(Observe, CountsOfSeveralLanesStayFull) {
  lap_observer observer;
  lap::Ranges *ranges = observer.find(lap::RangeOf::Keys, 0, 1);
  ASSERT_NE(ranges, nullptr);
  uint32_t counts[LAP_RANGE_BINS] = {UINT32_MAX - 1, 3};
  observer.add(*ranges, counts);
  observer.add(*ranges, counts);
  EXPECT_EQ(ranges->counts[0], UINT32_MAX);
  EXPECT_EQ(ranges->counts[1], 6u);
}

TEST(Observe, ListsAreSortedWhoeverSawAWeightFirst) {
  lap_observer observer;
  lap_weight weight = {};
  weight.columns = 32;
  for (uint64_t offset : {uint64_t(1) << 33, uint64_t(64), uint64_t(1)}) {
    weight.offset = offset;
    observer.find(weight);
    observer.find(lap::RangeOf::Output, offset, 1);
    observer.find(lap::RangeOf::Input, offset, 1);
  }
  observer.sort();
  ASSERT_EQ(observer.count, 3u);
  ASSERT_EQ(observer.rangeCount, 6u);
  const uint64_t places[] = {1, 64, uint64_t(1) << 33};
  for (uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(observer.entries[i]->weight, places[i]);
    EXPECT_EQ(observer.ranges[i]->place, places[i]);
    EXPECT_EQ(observer.ranges[i]->kind, lap::RangeOf::Input);
    EXPECT_EQ(observer.ranges[3 + i]->kind, lap::RangeOf::Output);
  }
}

} // namespace
