//===- DriversFixture.cpp - GPU drivers without a GPU ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See DriversFixture.h.
//===----------------------------------------------------------------------===//
#include "test/runtime/cuda/DriversFixture.h"

namespace drivers {

std::vector<Enqueued> enqueued;
Result launchResult = Success;

namespace {

/// A parameter list as numbers.
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

} // namespace

Scene::Scene(uint32_t tokens, uint32_t reach) {
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

lap_kernel *kernel(const std::string &name) {
  for (Entry &entry : entries) {
    if (name == entry.kernel.name) {
      return reinterpret_cast<lap_kernel *>(&entry.kernel);
    }
  }
  ADD_FAILURE() << name;
  return nullptr;
}

lap_buffer rows(uint64_t offset, uint32_t columns, bool last) {
  return {offset, columns, columns * 4, last ? 0u : 1u, last ? 1u : 0u, LAP_ARENA, LAP_ROWS_F32};
}

Names names() {
  Names list;
  for (const Enqueued &e : enqueued) {
    list.push_back(e.name);
  }
  return list;
}

} // namespace drivers
