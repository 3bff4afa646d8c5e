//===- DriversTest.cpp - what the GPU drivers enqueue ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The drivers on a table of driver functions that records: which kernel, which grid, which parameters.
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Launch.h"
#include "runtime/src/cuda/Scratch.h"

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

using namespace lap::cuda;

namespace {

/// A parameter list as numbers; addresses of the tests are exact in a double.
template <typename Kernel> struct Reader;
template <typename... P> struct Reader<void(P...)> {
  static std::vector<double> read(void **parameters) {
    std::vector<double> values;
    (values.push_back(double(*static_cast<P *>(parameters[values.size()]))), ...);
    return values;
  }
};

struct Entry {
  lap_gpu_kernel kernel;
  std::vector<double> (*read)(void **);
};

template <typename Kernel> Entry entry(const char *name, uint32_t tile0, uint32_t tile1 = 1) {
  return {{name, 0, 128, 64, {tile0, tile1}, 0, nullptr}, Reader<Kernel>::read};
}

Entry entries[] = {entry<Embed>("embed", 256),
                   entry<Quantize>("quantize", 1024),
                   entry<Matmul>("matvec", 64, 4),
                   entry<Matmul>("matmat", 128, 64),
                   entry<Matmul>("exact_matmat", 160, 128),
                   entry<RmsNorm>("rms_norm", 1),
                   entry<ResidualNormRounded>("residual_norm_rounded", 1),
                   entry<NormRotary>("norm_rotary", 1),
                   entry<RotaryTable>("rotary_table", 1),
                   entry<KvAppend>("kv_append", 1),
                   entry<KvNormAppend>("kv_norm_append", 1),
                   entry<AttentionSlice>("slice", 256),
                   entry<AttentionMerge>("merge", 1),
                   entry<AttentionFlash>("flash", 64, 16),
                   entry<ExpertMatmul>("expert_matvec", 64),
                   entry<ExpertMatmul>("expert_matmat", 64, 32),
                   entry<ExpertMatmul>("exact_experts", 160, 128),
                   entry<Add>("add", 256)};

struct Enqueued {
  std::string name;
  uint32_t x, y, z;
  std::vector<double> parameters;
};
std::vector<Enqueued> enqueued;
Result launchResult = Success;

Result recordLaunch(Function function, uint32_t x, uint32_t y, uint32_t z, uint32_t threads, uint32_t, uint32_t,
                    uint32_t shared, Stream, void **parameters, void **) {
  const Entry &entry = *reinterpret_cast<const Entry *>(function);
  EXPECT_EQ(threads, entry.kernel.threads);
  EXPECT_EQ(shared, entry.kernel.shared_bytes);
  enqueued.push_back({entry.kernel.name, x, y, z, entry.read(parameters)});
  return launchResult;
}
/// Its name ends with "+".
Result recordLaunchEx(const LaunchConfig *config, Function function, void **parameters, void **extra) {
  EXPECT_EQ(config->attributeCount, 1u);
  EXPECT_EQ(config->attributes->id, 6);
  EXPECT_EQ(config->attributes->value, 1);
  EXPECT_EQ(config->blockY * config->blockZ, 1u);
  const Result result = recordLaunch(function, config->gridX, config->gridY, config->gridZ, config->blockX, 1, 1,
                                     config->sharedBytes, config->stream, parameters, extra);
  enqueued.back().name += "+";
  return result;
}
Result recordCopy(Address to, Address from, size_t bytes, Stream) {
  return enqueued.push_back({"copy", 0, 0, 0, {double(to), double(from), double(bytes)}}), Success;
}
Result recordFill(Address to, uint8_t value, size_t bytes, Stream) {
  return enqueued.push_back({"fill", 0, 0, 0, {double(to), double(value), double(bytes)}}), Success;
}

constexpr uint64_t Arena = 0x100000, Weights = 0x200000, Scratch = 0x300000, Ids = 0x400000, Places = 0x500000;

struct Scene {
  Driver driver = {};
  lap::Device device;
  lap::DeviceCalls calls;
  Tables tables;
  Call call = {};
  std::vector<Function> functions;
  lap_row_place place = {};

  explicit Scene(uint32_t tokens, uint32_t reach = 1000) {
    enqueued.clear();
    launchResult = Success;
    driver.launch = recordLaunch, driver.launchEx = recordLaunchEx, driver.copyInsideAsync = recordCopy,
    driver.fillAsync = recordFill;
    driver.errorString = [](Result, const char **text) { return *text = "reason", Success; };
    for (Entry &entry : entries) {
      entry.kernel.index = uint32_t(functions.size());
      functions.push_back(reinterpret_cast<Function>(&entry));
    }
    device.driver = &driver, device.functions = functions.data();
    calls.device = &device;
    call.tokens = tokens, call.reach = reach;
    call.calls = &calls, call.tables = &tables;
    call.arena = reinterpret_cast<uint8_t *>(Arena), call.weights = reinterpret_cast<uint8_t *>(Weights);
    call.lane_scratch = reinterpret_cast<uint8_t *>(Scratch);
    call.idBlock = Ids, call.placeBlock = Places;
  }
};

lap_kernel *kernel(const std::string &name) {
  for (Entry &entry : entries) {
    if (name == entry.kernel.name) {
      return reinterpret_cast<lap_kernel *>(&entry.kernel);
    }
  }
  ADD_FAILURE() << name;
  return nullptr;
}

/// One row per token (or the last token's) of f32.
lap_buffer rows(uint64_t offset, uint32_t columns, bool last = false) {
  return {offset, columns, columns * 4, last ? 0u : 1u, last ? 1u : 0u, LAP_ARENA, LAP_ROWS_F32};
}

std::vector<std::string> names() {
  std::vector<std::string> list;
  for (const Enqueued &e : enqueued) {
    list.push_back(e.name);
  }
  return list;
}

using Names = std::vector<std::string>;

lap_attention_args attention(uint32_t window, bool last = false) {
  lap_attention_args args = {};
  args.query = rows(0, 2048, last), args.out = rows(0x10000, 2080, last);
  args.cache = {64, 4096, 8192, 2, 256, window, LAP_I8, 0.5f, 0.25f, {}};
  args.heads = 8, args.step = 0.125f; // of an integer output: handed on
  return args;
}

} // namespace

TEST(GpuDrivers, ProductsOfFewRowsTakeMatvec) {
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

TEST(GpuDrivers, WideProductsOfMoreThanEightRowsTakeMatmat) {
  lap_matmul_args args = {};
  args.x = rows(0, 96), args.out = rows(4096, 16384);
  args.w = {512, 0, 1000, 16384, 96, LAP_W4ROW, 0};
  for (uint32_t tokens : {8u, 9u}) {
    Scene scene(tokens);
    lap_gpu_matmul(&scene.call, &args, kernel("matvec"), kernel("matmat"), 0, 1);
    EXPECT_EQ(names(), Names{tokens == 8 ? "matvec" : "matmat"}); // 128 blocks of matmat
  }
}

TEST(GpuDrivers, ProductsOfManyRowsTakeTheExactFormWhereItIsLoaded) {
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

TEST(GpuDrivers, FewRowsAttendInSlices) {
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

TEST(GpuDrivers, ManyRowsOfOneSequenceAttendByFlash) {
  const lap_attention_args args = attention(0);
  Scene scene(33);
  lap_gpu_attention(&scene.call, &args, kernel("slice"), kernel("merge"), kernel("flash"), 0, 1);
  ASSERT_EQ(names(), Names{"flash"});
  EXPECT_EQ(enqueued[0].x, 3u);
  EXPECT_EQ(enqueued[0].y, 8u);
  EXPECT_EQ(enqueued[0].parameters, (std::vector<double>{Arena, 8192, Places, 33, 64, 4096, 8192, 256, 8, 2, 0,
                                                         Arena + 0x10000, 8320, 2080, 0.5, 0.25, 0.125}));
}

TEST(GpuDrivers, RowsOfManySequencesAttendInGroups) {
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

TEST(GpuDrivers, ExpertProductsHaveGridsForTheWorstCase) {
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

TEST(GpuDrivers, ExpertsOfManyRowsTakeTheExactForm) {
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
