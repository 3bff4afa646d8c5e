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

TEST(Work, ColumnChunksCoverEveryColumnOfEveryRow) {
  const uint32_t rows = 3, columns = 2 * lap::ColumnChunk + 64;
  std::vector<int> seen(rows * columns);
  for (uint32_t lane = 0; lane < 4; ++lane) {
    lap::forColumnChunks(rows, columns, lane, 4, [&](uint32_t row, uint32_t first, uint32_t count) {
      for (uint32_t c = first; c < first + count; ++c) {
        ++seen[row * columns + c];
      }
    });
  }
  EXPECT_EQ(seen, std::vector<int>(rows * columns, 1));
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
