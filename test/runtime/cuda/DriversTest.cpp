//===- DriversTest.cpp - what the GPU drivers enqueue ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// ProductDriversTest.cpp has products, AttentionDriversTest.cpp attention.
//===----------------------------------------------------------------------===//
#include "test/runtime/cuda/DriversFixture.h"

using namespace drivers;

TEST(GpuDrivers, KernelsOverlapKernelsOnly) {
  lap_add_args sum = {};
  sum.a = rows(0, 512), sum.b = rows(4096, 512), sum.out = rows(8192, 512), sum.scale = 1;
  lap_select_last_args last = {};
  last.x = rows(0, 64), last.out = rows(0x4000, 64, true);
  for (bool overlaps : {false, true}) {
    Scene scene(2);
    scene.device.overlaps = overlaps;
    const auto add = [&] { lap_gpu_add(&scene.call, &sum, kernel("add"), 0, 1); };
    add(), add(), add();
    lap_gpu_select_last(&scene.call, &last, 0, 1);
    add(), add();
    const std::string behind = overlaps ? "add+" : "add";
    EXPECT_EQ(names(), (Names{"add", behind, behind, "copy", "add", behind}));
    EXPECT_EQ(enqueued[1].x, 2u);
    EXPECT_EQ(enqueued[1].y, 2u);
    EXPECT_EQ(enqueued[1].parameters, enqueued[0].parameters);
    launchResult = 719;
    add();
    EXPECT_EQ(std::string(scene.calls.failure.function), overlaps ? "cuLaunchKernelEx" : "cuLaunchKernel");
    EXPECT_FALSE(scene.calls.afterKernel);
  }
}

TEST(GpuDrivers, BuffersOfTheLastTokenHaveItsIdAndPlace) {
  Scene scene(7);
  lap_embed_args embed = {};
  embed.out = rows(0, 512, true), embed.table = {64, 0, 900, 1000, 512, LAP_W4G32, 0}, embed.tiled = 1, embed.scale = 2;
  lap_gpu_embed(&scene.call, &embed, kernel("embed"), 0, 1);
  lap_rotary_table_args rotary = {};
  rotary.out = rows(0, 256, true), rotary.frequencies = {128, 0, 0, 1, 128, LAP_F32, 0}, rotary.head_dim = 256;
  lap_gpu_rotary_table(&scene.call, &rotary, kernel("rotary_table"), 0, 1);
  lap_select_last_args last = {};
  last.x = rows(0x1000, 64), last.out = rows(0x9000, 64, true);
  lap_gpu_select_last(&scene.call, &last, 0, 1);
  ASSERT_EQ(names(), (Names{"embed", "rotary_table", "copy"}));
  EXPECT_EQ(enqueued[0].parameters, (std::vector<double>{Weights + 64, 900, Ids + 24, Arena, 2048, 512, 0, 2}));
  EXPECT_EQ(enqueued[0].x, 2u);
  EXPECT_EQ(enqueued[0].y, 1u);
  EXPECT_EQ(enqueued[1].parameters, (std::vector<double>{Places + 6 * 16, Weights + 128, Arena, 1024, 128}));
  EXPECT_EQ(enqueued[2].parameters, (std::vector<double>{Arena + 0x9000, Arena + 0x1000 + 6 * 256, 256}));
}

TEST(GpuDrivers, TablesAreCollectedThenReadFromTheBlock) {
  Scene scene(3);
  lap_embed_args embed = {};
  embed.out = rows(0, 512), embed.table = {64, 0, 900, 1000, 512, LAP_W4G32, 0};
  Tables found;
  scene.call.collected = &found;
  lap_gpu_embed(&scene.call, &embed, kernel("embed"), 0, 1);
  EXPECT_TRUE(enqueued.empty());
  ASSERT_EQ(found.count, 1u);
  const BlockLayout layout = blockLayout(found, 3);
  EXPECT_GE(layout.places, 3 * sizeof(int32_t));
  EXPECT_GE(layout.tables[0], layout.places + 3 * sizeof(lap_row_place));
  EXPECT_GE(layout.bytes, layout.tables[0] + 3 * 900);
  scene.call.collected = nullptr, scene.call.tables = &found, scene.call.tableBlock[0] = 0x600000;
  lap_gpu_embed(&scene.call, &embed, kernel("embed"), 0, 1);
  ASSERT_EQ(names(), Names{"embed"});
  EXPECT_EQ(enqueued[0].parameters, (std::vector<double>{0x600000, 900, 0, Arena, 2048, 512, 0, 0}));
}

TEST(GpuDrivers, NormsAndCacheWritesOfAllHeadsAreOneKernel) {
  lap_kv_norm_append_args args = {};
  args.append = {rows(0x1000, 512), rows(0x2000, 512), {64, 4096, 8192, 2, 256, 300, LAP_I8, 0.5f, 0.25f, {}}};
  args.table = rows(0x3000, 256), args.w = {64, 0, 0, 1, 256, LAP_F32, 0}, args.eps = 2;
  Scene scene(3);
  lap_gpu_kv_norm_append(&scene.call, &args, kernel("kv_norm_append"), 0, 1);
  args.query = args.query_out = rows(0x4000, 1024), args.query_w = {128, 0, 0, 1, 256, LAP_F32, 0};
  args.query_heads = 4, args.append.cache.element = LAP_BF16;
  lap_gpu_kv_norm_append(&scene.call, &args, kernel("kv_norm_append"), 0, 1);
  ASSERT_EQ(names(), (Names{"kv_norm_append", "kv_norm_append"}));
  EXPECT_EQ(enqueued[0].x, 4u); // two heads of K, two of V
  EXPECT_EQ(enqueued[0].y, 3u);
  EXPECT_EQ(
      enqueued[0].parameters,
      (std::vector<double>{
          Arena + 0x1000, 2048, Arena + 0x2000, 2048, Arena, 0, Weights + 64, 0,   Arena + 0x3000, 1024, Arena, 0, 0, 2,
          Places,         64,   4096,           8192, 256,   2, 0.5,          0.25}));
  EXPECT_EQ(enqueued[1].x, 8u);
  EXPECT_EQ(enqueued[1].parameters, (std::vector<double>{Arena + 0x1000,
                                                         2048,
                                                         Arena + 0x2000,
                                                         2048,
                                                         Arena + 0x4000,
                                                         4096,
                                                         Weights + 64,
                                                         Weights + 128,
                                                         Arena + 0x3000,
                                                         1024,
                                                         Arena + 0x4000,
                                                         4096,
                                                         4,
                                                         2,
                                                         Places,
                                                         64,
                                                         4096,
                                                         8192,
                                                         256,
                                                         2,
                                                         1,
                                                         1}));
  args.query_out = rows(0x8000, 1056); // another buffer, whose padding must be zero
  enqueued.clear();
  lap_gpu_kv_norm_append(&scene.call, &args, kernel("kv_norm_append"), 0, 1);
  ASSERT_EQ(names(), (Names{"kv_norm_append", "fill", "fill", "fill"}));
  EXPECT_EQ(enqueued[1].parameters, (std::vector<double>{Arena + 0x8000 + 4096, 0, 128}));
}

TEST(GpuDrivers, PaddingOfOtherBuffersBecomesZero) {
  Scene scene(2);
  lap_rms_norm_args norm = {};
  norm.x = norm.out = rows(0, 96), norm.heads = 1, norm.width = 80, norm.eps = 1;
  lap_gpu_rms_norm(&scene.call, &norm, kernel("rms_norm"), 0, 1);
  norm.out.offset = 0x1000;
  lap_gpu_rms_norm(&scene.call, &norm, kernel("rms_norm"), 0, 1);
  EXPECT_EQ(enqueued[0].parameters, (std::vector<double>{Arena, 384, 0, Arena, 384, 80, 1, 0, 0}));
  EXPECT_EQ(enqueued[1].parameters, (std::vector<double>{Arena, 384, 0, Arena + 0x1000, 384, 80, 1, 96, 0}));
  enqueued.clear();
  lap_norm_rotary_args rotary = {};
  rotary.x = rows(0, 96), rotary.table = rows(0x2000, 32), rotary.out = rows(0x1000, 96);
  rotary.w = {64, 0, 0, 1, 16, LAP_F32, 0}, rotary.heads = 5, rotary.head_dim = 16;
  lap_gpu_norm_rotary(&scene.call, &rotary, kernel("norm_rotary"), 0, 1);
  ASSERT_EQ(names(), (Names{"norm_rotary", "fill", "fill"}));
  EXPECT_EQ(enqueued[2].parameters, (std::vector<double>{Arena + 0x1000 + 384 + 320, 0, 64}));
}

TEST(GpuDrivers, ResidualSumsAreRoundedInTheSameKernel) {
  lap_residual_norm_rounded_args args = {};
  args.sum.residual = rows(0, 96), args.sum.x = rows(0x1000, 128), args.sum.out = rows(0x2000, 96);
  args.sum.w = {64, 0, 0, 1, 80, LAP_F32, 0}, args.sum.width = 80, args.sum.eps = 0.5f;
  args.rounded = {0x3000, 96, 112, 1, 0, LAP_ARENA, LAP_ROWS_I8}, args.step = 0.25f;
  Scene scene(3);
  lap_gpu_residual_norm_rounded(&scene.call, &args, kernel("residual_norm_rounded"), 0, 1);
  args.sum.scale = {128, 0, 0, 1, 1, LAP_F32, 0}, args.next = {192, 0, 0, 1, 80, LAP_F32, 0}, args.next_eps = 2;
  args.rounded.element = LAP_ROWS_Q8, args.step = 0;
  lap_gpu_residual_norm_rounded(&scene.call, &args, kernel("residual_norm_rounded"), 0, 1);
  ASSERT_EQ(names(), (Names{"residual_norm_rounded", "residual_norm_rounded"}));
  EXPECT_EQ(enqueued[0].x, 1u);
  EXPECT_EQ(enqueued[0].y, 3u);
  EXPECT_EQ(enqueued[0].parameters,
            (std::vector<double>{Arena, 384, Arena + 0x1000, 512, Weights + 64, 0, Arena + 0x2000, 384, 80, 96, 0.5,
                                 Arena + 0x3000, 112, 0, 0, 0.25}));
  EXPECT_EQ(enqueued[1].parameters,
            (std::vector<double>{Arena, 384, Arena + 0x1000, 512, Weights + 64, Weights + 128, Arena + 0x2000, 384, 80,
                                 96, 0.5, Arena + 0x3000, 112, Weights + 192, 2, 0}));
}

TEST(GpuDrivers, NothingIsEnqueuedBehindAFailure) {
  Scene scene(1);
  lap_add_args args = {};
  args.a = args.b = args.out = rows(0, 512);
  launchResult = 1;
  lap_gpu_add(&scene.call, &args, kernel("add"), 0, 1);
  lap_gpu_add(&scene.call, &args, kernel("add"), 0, 1);
  EXPECT_EQ(enqueued.size(), 1u);
  lap_error error{};
  EXPECT_EQ(scene.calls.report(&error), LAP_DEVICE_FAILED);
  EXPECT_STREQ(error.message, "add: cuLaunchKernel failed: reason (1)");
  EXPECT_EQ(scene.calls.report(&error), LAP_OK);
}
