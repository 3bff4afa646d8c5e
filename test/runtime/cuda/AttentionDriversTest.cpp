//===- AttentionDriversTest.cpp - slices or flash -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Few rows share the keys between blocks and merge; many rows of one sequence do not.
//===----------------------------------------------------------------------===//
#include "test/runtime/cuda/DriversFixture.h"

using namespace drivers;

namespace {

lap_attention_args attention(uint32_t window, bool last = false) {
  lap_attention_args args = {};
  args.query = rows(0, 2048, last), args.out = rows(0x10000, 2080, last);
  args.cache = {64, 4096, 8192, 2, 256, window, LAP_I8, 0.5f, 0.25f, {}};
  args.heads = 8, args.step = 0.125f; // of an integer output: handed on
  return args;
}

} // namespace

TEST(GpuAttention, FewRowsAttendInSlices) {
  const lap_attention_args args = attention(0);
  Scene scene(5, 1000);
  lap_gpu_attention(&scene.call, &args, kernel("slice"), kernel("merge"), kernel("flash"), 0, 1);
  ASSERT_EQ(names(), (Names{"slice", "merge"}));
  EXPECT_EQ(enqueued[0].x, 4u); // 1000 keys, 256 at a time
  EXPECT_EQ(enqueued[0].y, 2u);
  EXPECT_EQ(enqueued[0].z, 5u);
  EXPECT_EQ(enqueued[0].parameters,
            (std::vector<double>{Arena, 8192, Places, 64, 4096, 8192, 256, 8, 2, 0, Scratch, 0.5}));
  EXPECT_EQ(enqueued[1].x, 8u);
  EXPECT_EQ(enqueued[1].y, 5u);
  EXPECT_EQ(enqueued[1].parameters,
            (std::vector<double>{Scratch, 4, Places, Arena + 0x10000, 8320, 256, 8, 0, 2080, 256, 0.25, 0.125}));
  const lap_attention_args windowed = attention(300);
  enqueued.clear();
  lap_gpu_attention(&scene.call, &windowed, kernel("slice"), kernel("merge"), kernel("flash"), 0, 1);
  EXPECT_EQ(enqueued[0].x, 3u); // positions that a window touches
}

TEST(GpuAttention, ManyRowsOfOneSequenceAttendByFlash) {
  const lap_attention_args args = attention(0);
  Scene scene(33);
  lap_gpu_attention(&scene.call, &args, kernel("slice"), kernel("merge"), kernel("flash"), 0, 1);
  ASSERT_EQ(names(), Names{"flash"});
  EXPECT_EQ(enqueued[0].x, 3u);
  EXPECT_EQ(enqueued[0].y, 8u);
  EXPECT_EQ(enqueued[0].parameters, (std::vector<double>{Arena, 8192, Places, 33, 64, 4096, 8192, 256, 8, 2, 0,
                                                         Arena + 0x10000, 8320, 2080, 0.5, 0.25, 0.125}));
}

TEST(GpuAttention, RowsOfManySequencesAttendInGroups) {
  const lap_attention_args args = attention(0);
  Scene scene(19);
  scene.call.places = &scene.place; // several sequences; what the kernels read lies in the block
  lap_gpu_attention(&scene.call, &args, kernel("slice"), kernel("merge"), kernel("flash"), 0, 1);
  ASSERT_EQ(names(), (Names{"slice", "merge", "slice", "merge", "slice", "merge"}));
  EXPECT_EQ(enqueued[4].z, 3u);
  EXPECT_EQ(enqueued[4].parameters[0], Arena + 16 * 8192);
  EXPECT_EQ(enqueued[4].parameters[2], Places + 16 * 16);
  EXPECT_EQ(enqueued[5].parameters[3], Arena + 0x10000 + 16 * 8320);
}
