//===- AttentionTest.cpp - caches and attention on the emulated GPU ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// A sequence is written to its caches chunk by chunk, as programs do it; the rows of some chunks attend by slices and
// by flash kernels, and every output is compared with softmax(q k^T) v in double. Where a row may not be read or
// written there is rubbish. Rows that attention rounds itself have the bits of f32 rows and a rounding behind them.
//===----------------------------------------------------------------------===//
#include "KernelFixture.h"

#include "runtime/src/cuda/Kernels.h"
#include "targets/common/KernelNames.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

using namespace lapidary;
using namespace lapidary::cuda::test;

namespace {

constexpr float outStep = 0.03f;                     // of i8 rows
constexpr float keyStep = 0.01f, valueStep = 0.023f; // some numbers are beyond 127 of them
constexpr float rubbish = 1e30f;
constexpr uint8_t rubbishByte = 0x71;
constexpr double bound = 2e-5; // of the conformance suite

struct Scene {
  uint32_t heads, kvHeads, headDim, window, tokens, chunk;
  lap_format format;
  uint32_t firstChecked = 0; // a multiple of chunk

  uint32_t queryWidth() const { return heads * headDim; }
  uint32_t kvWidth() const { return kvHeads * headDim; }
  uint32_t outColumns() const { return queryWidth() + 32; } // more than there are: padding
  uint32_t slots() const { return ((window ? window - 1 + chunk : tokens) + 15) / 16 * 16; }
  uint64_t cacheBytes() const {
    return uint64_t(slots()) * kvWidth() * (format == LAP_F32 ? 4 : format == LAP_BF16 ? 2 : 1);
  }
  std::string name(const std::string &rest) const { return std::string(formatName(format)) + "-" + rest + "-cuda"; }
};

/// Rows that attention writes.
struct RowFormat {
  std::string suffix; // of a kernel's op
  uint32_t bytes;
};
RowFormat floatRows(const Scene &s) { return {"", s.outColumns() * 4}; }
RowFormat roundedRows(const Scene &s, const std::string &element) {
  const uint32_t columns = s.outColumns(), plane = (columns + columns / LAP_GROUP * 8 + 63) / 64 * 64;
  return {"_" + element, element == "i8" ? (columns + 63) / 64 * 64 : element == "q8" ? plane : LAP_PLANES * plane};
}

std::vector<float> randomRows(std::mt19937_64 &engine, size_t count, float scale) {
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float &value : values) {
    value = normal(engine) * scale;
  }
  return values;
}

struct Sequence {
  std::vector<float> query, key, value; // [tokens][heads or kvHeads][headDim]

  explicit Sequence(const Scene &s) {
    std::mt19937_64 engine(s.heads * 1000 + s.headDim + s.window + s.tokens);
    // Scores of a few units: the softmax is neither flat nor one-hot.
    const float scale = std::sqrt(2.0f / std::sqrt(float(s.headDim)));
    query = randomRows(engine, size_t(s.tokens) * s.queryWidth(), scale);
    key = randomRows(engine, size_t(s.tokens) * s.kvWidth(), scale);
    value = randomRows(engine, size_t(s.tokens) * s.kvWidth(), 1);
  }
};

/// What a cache holds for `value`.
double stored(lap_format format, float value, float step) {
  if (format == LAP_I8) {
    return double(step) * std::clamp(std::nearbyint(value / step), -128.0f, 127.0f);
  }
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if (format == LAP_BF16) {
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
  }
  std::memcpy(&value, &bits, 4);
  return value;
}

std::vector<double> reference(const Scene &s, const Sequence &q, uint32_t position, uint32_t head) {
  const uint32_t kvHead = head / (s.heads / s.kvHeads);
  const uint32_t first = s.window && position >= s.window ? position - s.window + 1 : 0;
  std::vector<double> weights, out(s.headDim);
  double largest = -1e300, total = 0;
  for (uint32_t k = first; k <= position; ++k) {
    double score = 0;
    for (uint32_t d = 0; d < s.headDim; ++d) {
      score += q.query[(size_t(position) * s.heads + head) * s.headDim + d] *
               stored(s.format, q.key[(size_t(k) * s.kvHeads + kvHead) * s.headDim + d], keyStep);
    }
    weights.push_back(score);
    largest = std::max(largest, score);
  }
  for (double &weight : weights) {
    weight = std::exp(weight - largest);
    total += weight;
  }
  for (uint32_t k = first; k <= position; ++k) {
    for (uint32_t d = 0; d < s.headDim; ++d) {
      out[d] += weights[k - first] / total *
                stored(s.format, q.value[(size_t(k) * s.kvHeads + kvHead) * s.headDim + d], valueStep);
    }
  }
  return out;
}

/// The flash kernel for heads of up to `headDim` columns.
std::string flashName(const Scene &s, uint32_t headDim, const RowFormat &to) {
  const std::string rows = s.format == LAP_F32 ? "-16x" : "-32x";
  return s.name((headDim == 256 ? "flash_256" : "flash") + to.suffix + rows + std::to_string(headDim));
}

std::vector<float> floatsOf(const std::vector<uint8_t> &bytes) {
  std::vector<float> floats(bytes.size() / 4);
  std::memcpy(floats.data(), bytes.data(), floats.size() * 4);
  return floats;
}

/// What quantize makes of f32 rows.
std::vector<uint8_t> quantized(const Scene &s, const std::vector<uint8_t> &from, const RowFormat &to) {
  const uint32_t rows = static_cast<uint32_t>(from.size() / floatRows(s).bytes);
  const Memory<uint8_t> x(from), out(size_t(rows) * to.bytes, rubbishByte);
  launch<lap::cuda::Quantize>("f32-quantize" + to.suffix + "-1x128-cuda", {(s.outColumns() + 127) / 128, rows},
                              x.address, floatRows(s).bytes, out.address, to.bytes, s.outColumns(), outStep);
  return out.read();
}

/// One sequence on the device.
class Run {
public:
  Run(const Scene &s, const Sequence &sequence)
      : s(s), sequence(sequence), keys(s.cacheBytes() + 256, 0), values(s.cacheBytes() + 256, 0) {}

  void append(uint32_t first, uint32_t rows) {
    const Memory<float> key(part(sequence.key, s.kvWidth(), first, rows)),
        value(part(sequence.value, s.kvWidth(), first, rows));
    const Memory<lap_row_place> at(places(first, rows));
    launch<lap::cuda::KvAppend>(s.name("kv_append-1x128"), {s.kvHeads, rows}, key.address, s.kvWidth() * 4,
                                value.address, s.kvWidth() * 4, at.address, keyOffset(), valueOffset(), s.slots(),
                                s.headDim, step(keyStep), step(valueStep));
  }

  /// [rows] of the format.
  std::vector<uint8_t> slices(uint32_t first, uint32_t rows, uint32_t sliceKeys, uint32_t spare, const RowFormat &to) {
    const uint32_t reach = first + rows + spare, all = (reach + sliceKeys - 1) / sliceKeys;
    const uint32_t count = s.window ? std::min(all, (s.window + sliceKeys - 2) / sliceKeys + 1) : all;
    const Memory<float> query(part(sequence.query, s.queryWidth(), first, rows));
    const Memory<uint8_t> out(size_t(rows) * to.bytes, rubbishByte);
    const Memory<lap_row_place> at(places(first, rows));
    const Memory<float> partial(size_t(rows) * s.heads * count * (s.headDim + 2), rubbish);
    launch<lap::cuda::AttentionSlice>(s.name("attention_slice-" + std::to_string(sliceKeys) + "x8"),
                                      {count, s.kvHeads, rows}, query.address, s.queryWidth() * 4, at.address,
                                      keyOffset(), valueOffset(), s.slots(), s.headDim, s.heads, s.kvHeads, s.window,
                                      partial.address, step(keyStep));
    launch<lap::cuda::AttentionMerge>("f32-attention_merge" + to.suffix + "-1x512-cuda", {s.heads, rows},
                                      partial.address, count, at.address, out.address, to.bytes, s.headDim, s.heads,
                                      s.window, s.outColumns(), sliceKeys, step(valueStep), outStep);
    return out.read();
  }

  std::vector<uint8_t> flash(uint32_t first, uint32_t rows, uint32_t headDim, const RowFormat &to) {
    const std::string kernel = flashName(s, headDim, to);
    const uint32_t block = loadKernel(kernel).kernel->tile[1];
    const Memory<float> query(part(sequence.query, s.queryWidth(), first, rows));
    const Memory<uint8_t> out(size_t(rows) * to.bytes, rubbishByte);
    const Memory<lap_row_place> at(places(first, rows));
    launch<lap::cuda::AttentionFlash>(kernel, {(rows + block - 1) / block, s.heads}, query.address, s.queryWidth() * 4,
                                      at.address, rows, keyOffset(), valueOffset(), s.slots(), s.headDim, s.heads,
                                      s.kvHeads, s.window, out.address, to.bytes, s.outColumns(), step(keyStep),
                                      step(valueStep), outStep);
    return out.read();
  }

private:
  static std::vector<float> part(const std::vector<float> &from, uint32_t width, uint32_t first, uint32_t rows) {
    return {from.begin() + ptrdiff_t(first) * width, from.begin() + ptrdiff_t(first + rows) * width};
  }
  /// Both caches have an address of their own, so that the emulator sees accesses beside them.
  int64_t keyOffset() const { return 256; }
  int64_t valueOffset() const { return int64_t(values.address) - int64_t(keys.address) + 128; }
  std::vector<lap_row_place> places(uint32_t first, uint32_t rows) const {
    std::vector<lap_row_place> result;
    for (uint32_t row = 0; row < rows; ++row) {
      result.push_back({reinterpret_cast<uint8_t *>(keys.address), first + row, 0});
    }
    return result;
  }
  float step(float integers) const { return s.format == LAP_I8 ? integers : 1.0f; }

  const Scene &s;
  const Sequence &sequence;
  Memory<uint8_t> keys, values;
};

void expectRows(const Scene &s, const Sequence &sequence, uint32_t first, const std::vector<float> &out,
                const std::string &kernel) {
  double worst = 0;
  const uint32_t rows = static_cast<uint32_t>(out.size() / s.outColumns());
  ASSERT_GT(rows, 0u);
  for (uint32_t row = 0; row < rows; ++row) {
    const float *got = &out[size_t(row) * s.outColumns()];
    for (uint32_t head = 0; head < s.heads; ++head) {
      const std::vector<double> exact = reference(s, sequence, first + row, head);
      for (uint32_t d = 0; d < s.headDim; ++d) {
        worst = std::max(worst, std::fabs(got[head * s.headDim + d] - exact[d]));
      }
    }
    for (uint32_t column = s.queryWidth(); column < s.outColumns(); ++column) {
      ASSERT_EQ(got[column], 0) << kernel << ": padding of row " << row;
    }
  }
  EXPECT_LT(worst, bound) << kernel << ": rows from position " << first << " on, " << rows;
}

/// The heads that a flash kernel for the scene's is made for.
std::vector<uint32_t> flashHeads(const Scene &s) {
  return s.headDim <= 256 ? std::vector<uint32_t>{512, 256} : std::vector<uint32_t>{512};
}

void checkScene(const Scene &s) {
  const Sequence sequence(s);
  Run run(s, sequence);
  const RowFormat floats = floatRows(s);
  for (uint32_t first = 0; first < s.tokens; first += s.chunk) {
    const uint32_t count = std::min(s.chunk, s.tokens - first);
    run.append(first, count);
    if (first < s.firstChecked) {
      continue;
    }
    const uint32_t few = std::min(count, 3u);
    for (uint32_t keys : {64u, 256u}) {
      expectRows(s, sequence, first, floatsOf(run.slices(first, few, keys, keys == 64 ? 100 : 0, floats)), "slices");
    }
    for (uint32_t headDim : flashHeads(s)) {
      expectRows(s, sequence, first, floatsOf(run.flash(first, count, headDim, floats)), flashName(s, headDim, floats));
    }
  }
}

/// `few`: rows that take slices.
void checkRounding(const Scene &s, uint32_t few, const std::vector<std::string> &elements) {
  const Sequence sequence(s);
  Run run(s, sequence);
  run.append(0, s.tokens);
  const uint32_t first = s.tokens - few, headDim = flashHeads(s).back();
  const std::vector<uint8_t> sliced = run.slices(first, few, 64, 0, floatRows(s)),
                             flashed = run.flash(0, s.tokens, headDim, floatRows(s));
  for (const std::string &element : elements) {
    const RowFormat to = roundedRows(s, element);
    EXPECT_EQ(run.slices(first, few, 64, 0, to), quantized(s, sliced, to)) << "slices to " << element;
    EXPECT_EQ(run.flash(0, s.tokens, headDim, to), quantized(s, flashed, to)) << flashName(s, headDim, to);
  }
}

TEST(CudaAttention, RoundsLikeQuantize) { checkRounding({4, 2, 96, 0, 70, 70, LAP_BF16}, 3, {"i8", "q8", "q24"}); }
TEST(CudaAttention, RoundsHeadsThatAreNoGroups) { checkRounding({3, 1, 48, 0, 40, 40, LAP_BF16}, 2, {"i8"}); }
TEST(CudaAttention, RoundsWhatComesFromIntegerCaches) { checkRounding({2, 1, 64, 20, 50, 50, LAP_I8}, 2, {"i8"}); }
TEST(CudaAttention, RoundsLargeHeadsInF32) { checkRounding({2, 1, 512, 0, 20, 20, LAP_F32}, 1, {"q8"}); }
TEST(CudaAttention, GlobalLayerOfOneKvHead) { checkScene({4, 1, 64, 0, 100, 33, LAP_BF16}); }
TEST(CudaAttention, GlobalLayerInF32) { checkScene({4, 2, 32, 0, 90, 45, LAP_F32}); }
TEST(CudaAttention, IntegerCache) { checkScene({4, 2, 64, 0, 90, 45, LAP_I8}); }
TEST(CudaAttention, SmallHeads) { checkScene({4, 1, 16, 0, 70, 35, LAP_BF16}); }
TEST(CudaAttention, OneQueryHeadPerKvHead) { checkScene({2, 2, 48, 0, 60, 17, LAP_F32}); }
TEST(CudaAttention, SixteenQueryHeadsPerKvHead) { checkScene({16, 1, 32, 0, 24, 12, LAP_BF16}); }
TEST(CudaAttention, SmallWindowWrapsItsRingOften) { checkScene({4, 1, 16, 8, 150, 16, LAP_F32, 96}); }
TEST(CudaAttention, WindowOfOddSize) { checkScene({4, 2, 32, 37, 200, 40, LAP_BF16, 120}); }
TEST(CudaAttention, IntegerCacheWithAWindow) { checkScene({4, 1, 32, 37, 150, 30, LAP_I8, 90}); }
TEST(CudaAttention, LargeHeads) { checkScene({2, 1, 512, 0, 70, 35, LAP_BF16, 35}); }
TEST(CudaAttention, HeadsOf256) { checkScene({2, 1, 256, 0, 70, 35, LAP_BF16, 35}); }
TEST(CudaAttention, KeysOfSeveralTiles) { checkScene({2, 1, 32, 0, 640, 20, LAP_BF16, 600}); }
TEST(CudaAttention, WindowOfSeveralTiles) { checkScene({2, 1, 32, 512, 1240, 40, LAP_BF16, 1200}); }
TEST(CudaAttention, SeveralTilesInF32) { checkScene({1, 1, 16, 300, 640, 20, LAP_F32, 620}); }
TEST(CudaAttention, SeveralTilesOfIntegers) { checkScene({1, 1, 16, 300, 640, 40, LAP_I8, 600}); }

} // namespace
