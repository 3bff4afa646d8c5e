//===- ProductDriversTest.cpp - which kernel multiplies how many rows -----===//
// SPDX-License-Identifier: Apache-2.0
//
// One of three forms by the number of rows and what the GPU can.
//===----------------------------------------------------------------------===//
#include "test/runtime/cuda/DriversFixture.h"

using namespace drivers;

TEST(GpuProducts, ProductsOfFewRowsTakeMatvec) {
  lap_matmul_args args = {};
  args.x = rows(0, 96), args.out = rows(4096, 320);
  args.w = {512, 0, 1000, 320, 96, LAP_W4ROW, 0};
  args.input_step = 0.5f, args.out_step_count = 2;
  args.out_steps[0] = {128, 0.25f}, args.out_steps[1] = {320, 2};
  for (uint32_t tokens : {1u, 8u, 9u, 32u, 33u, 65u}) {
    Scene scene(tokens);
    const bool few = tokens <= 32; // 3 blocks of matmat do not fill a GPU
    lap_gpu_matmul(&scene.call, &args, kernel("matvec"), kernel("matmat"), 0, 1);
    ASSERT_EQ(enqueued.size(), 1u);
    const Enqueued &e = enqueued[0];
    EXPECT_EQ(e.name, few ? "matvec" : "matmat");
    EXPECT_EQ(e.x, few ? 5u : 3u); // 20 tiles, 4 or 8 at a time
    EXPECT_EQ(e.y, few ? (tokens + 3) / 4 : (tokens + 63) / 64);
    EXPECT_EQ(e.parameters, (std::vector<double>{Arena, 384, Weights + 512, 1000, 96, 20, Arena + 4096, 1280,
                                                 double(tokens), 0.5, 128, 0.25, 320, 2, 0, 0, 0, 0}));
  }
}

TEST(GpuProducts, WideProductsOfMoreThanEightRowsTakeMatmat) {
  lap_matmul_args args = {};
  args.x = rows(0, 96), args.out = rows(4096, 16384);
  args.w = {512, 0, 1000, 16384, 96, LAP_W4ROW, 0};
  for (uint32_t tokens : {8u, 9u}) {
    Scene scene(tokens);
    lap_gpu_matmul(&scene.call, &args, kernel("matvec"), kernel("matmat"), 0, 1);
    EXPECT_EQ(names(), Names{tokens == 8 ? "matvec" : "matmat"}); // 128 blocks of matmat
  }
}

TEST(GpuProducts, ProductsOfManyRowsTakeTheExactFormWhereItIsLoaded) {
  lap_matmul_args args = {};
  args.x = rows(0, 96), args.out = rows(4096, 320);
  args.w = {512, 0, 1000, 320, 96, LAP_W4ROW, 0};
  auto *matmat = reinterpret_cast<lap_gpu_kernel *>(kernel("matmat"));
  matmat->exact_form = reinterpret_cast<const lap_gpu_kernel *>(kernel("exact_matmat"));
  for (bool exact : {false, true}) {
    for (uint32_t tokens : {8u, 64u, 65u, 129u}) {
      Scene scene(tokens);
      scene.device.exact = exact;
      lap_gpu_matmul(&scene.call, &args, kernel("matvec"), kernel("matmat"), 0, 1);
      ASSERT_EQ(enqueued.size(), 1u);
      const bool form = exact && tokens > 64;
      EXPECT_EQ(enqueued[0].name, tokens <= 8 ? "matvec" : form ? "exact_matmat" : "matmat");
      EXPECT_EQ(enqueued[0].x, tokens <= 8 ? 5u : form ? 2u : 3u); // 20 tiles, 4, 10 or 8 at a time
      EXPECT_EQ(enqueued[0].y, tokens <= 8 ? 2u : form ? (tokens + 127) / 128 : (tokens + 63) / 64);
    }
  }
  matmat->exact_form = nullptr;
}

TEST(GpuProducts, ExpertProductsHaveGridsForTheWorstCase) {
  lap_expert_matmul_args args = {};
  args.x = rows(0, 96), args.order = {0x8000, 64, 256, 0, 1, LAP_ARENA, LAP_ROWS_F32};
  args.out = {0x10000, 320, 1280, 4, 0, LAP_ARENA, LAP_ROWS_F32};
  args.w = {512, 20000, 1000, 320, 96, LAP_W4G32, 0}, args.experts = 16, args.rows_per_source = 4;
  for (uint32_t tokens : {2u, 20u}) {
    Scene scene(tokens);
    lap_gpu_expert_matmul(&scene.call, &args, kernel("expert_matvec"), kernel("expert_matmat"), 0, 1);
    ASSERT_EQ(names(), Names{tokens == 2 ? "expert_matvec" : "expert_matmat"});
    EXPECT_EQ(enqueued[0].x, 5u);
    EXPECT_EQ(enqueued[0].y, tokens == 2 ? 8u : 3u + 16u);
    EXPECT_EQ(enqueued[0].parameters,
              (std::vector<double>{Arena, 384, Weights + 512, 1000, 20000, 96, 20, Arena + 0x8000, 16, 4,
                                   Arena + 0x10000, 1280, tokens * 4.0}));
  }
}

TEST(GpuProducts, ExpertsOfManyRowsTakeTheExactForm) {
  lap_expert_matmul_args args = {};
  args.x = rows(0, 96), args.order = {0x8000, 64, 256, 0, 1, LAP_ARENA, LAP_ROWS_F32};
  args.out = {0x10000, 320, 1280, 4, 0, LAP_ARENA, LAP_ROWS_F32};
  args.w = {512, 20000, 1000, 320, 96, LAP_W4G32, 0}, args.experts = 16, args.rows_per_source = 4;
  auto *matmat = reinterpret_cast<lap_gpu_kernel *>(kernel("expert_matmat"));
  matmat->exact_form = reinterpret_cast<const lap_gpu_kernel *>(kernel("exact_experts"));
  for (uint32_t tokens : {2u, 131u, 132u}) { // 132: 528 rows, 33 an expert
    Scene scene(tokens);
    scene.device.exact = true;
    lap_gpu_expert_matmul(&scene.call, &args, kernel("expert_matvec"), kernel("expert_matmat"), 0, 1);
    ASSERT_EQ(names(), Names{tokens == 2 ? "expert_matvec" : tokens == 131 ? "expert_matmat" : "exact_experts"});
    EXPECT_EQ(enqueued[0].x, tokens == 132 ? 2u : 5u);
    EXPECT_EQ(enqueued[0].y, tokens == 2 ? 8u : 16u + (tokens == 131 ? 17u : 5u));
  }
  matmat->exact_form = nullptr;
}
