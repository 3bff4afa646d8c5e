// WorkTest.cpp - how the drivers share work and find rows.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/src/cpu/Work.h"
#include "runtime/src/cpu/LaneScratch.h"

#include <gtest/gtest.h>
#include <vector>

namespace {

TEST(Work, SharesCoverEveryItemOnce) {
  for (uint32_t lanes = 1; lanes <= 9; ++lanes) {
    for (uint64_t total : {0u, 1u, 7u, 64u}) {
      uint64_t next = 0;
      for (uint32_t lane = 0; lane < lanes; ++lane) {
        const lap::Range range = lap::share(total, lane, lanes);
        EXPECT_EQ(range.begin, next);
        next = range.end;
      }
      EXPECT_EQ(next, total);
    }
  }
}

constexpr uint32_t Lanes = 4;

/// [row * columns + column]: the lane that gets it, plus 100 for every further time that somebody does.
std::vector<uint32_t> lanesOfColumns(uint32_t rows, uint32_t columns) {
  std::vector<uint32_t> lanes(rows * columns, UINT32_MAX);
  for (uint32_t lane = 0; lane < Lanes; ++lane) {
    lap::forColumnChunks(rows, columns, lane, Lanes, [&](uint32_t row, uint32_t first, uint32_t count) {
      EXPECT_LE(count, lap::ColumnChunk); // kernels' stack buffers are as wide
      for (uint32_t c = first; c < first + count; ++c) {
        uint32_t &seen = lanes[row * columns + c];
        seen = seen == UINT32_MAX ? lane : seen + 100;
      }
    });
  }
  return lanes;
}

/// As above, of rows that are shared out in `items` items of `width` columns: what insert-barriers relies on.
std::vector<uint32_t> lanesOfItems(uint32_t rows, uint32_t columns, uint32_t items, uint32_t width) {
  std::vector<uint32_t> lanes(rows * columns, UINT32_MAX);
  for (uint32_t lane = 0; lane < Lanes; ++lane) {
    const lap::Range range = lap::share(uint64_t(rows) * items, lane, Lanes);
    for (uint64_t item = range.begin; item < range.end; ++item) {
      for (uint64_t c = item % items * width; c < columns && c < (item % items + 1) * width; ++c) {
        lanes[item / items * columns + c] = lane;
      }
    }
  }
  return lanes;
}

TEST(Work, ShortRowsAreSharedOutWhole) {
  for (uint32_t rows : {1u, 3u, 7u}) {
    for (uint32_t columns : {32u, 2 * lap::ColumnChunk + 64, 4 * lap::ColumnChunk}) {
      EXPECT_EQ(lanesOfColumns(rows, columns), lanesOfItems(rows, columns, 1, columns));
    }
  }
}

TEST(Work, LongRowsAreCutIntoChunks) {
  for (uint32_t rows : {1u, 3u, 7u}) {
    const uint32_t columns = 5 * lap::ColumnChunk + 64;
    EXPECT_EQ(lanesOfColumns(rows, columns), lanesOfItems(rows, columns, 6, lap::ColumnChunk));
  }
}

TEST(Work, ABufferOfOneFixedRowHoldsTheLastToken) {
  lap_step step = {};
  step.tokens = 5;
  lap_buffer buffer = {};
  buffer.fixed_rows = 1;
  EXPECT_EQ(lap::rowsOf(&step, buffer), 1u);
  EXPECT_EQ(lap::tokenOf(&step, buffer, 0), 4u);
  buffer.rows_per_token = 2;
  EXPECT_EQ(lap::rowsOf(&step, buffer), 10u);
  EXPECT_EQ(lap::tokenOf(&step, buffer, 7), 3u);
}

TEST(LaneScratch, AttentionScratchOfTheLargestHeadStaysSmall) {
  EXPECT_GE(lap::attentionScratchBytes(512), 16u * 8 * 514 * 4);
  EXPECT_LT(lap::attentionScratchBytes(512), 512u * 1024);
  EXPECT_EQ(lap::expertMatmulScratchBytes(3520), 8u * (3520 + 16 * 16 * 4));
}

} // namespace
