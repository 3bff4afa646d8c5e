//===- KvNormAppendTest.cpp - norms and cache writes in one kernel -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// kv_norm_append has the bits of the kernels it stands for: norm_rotary of queries and keys, rms_norm of values and
// kv_append, run one behind the other.
//===----------------------------------------------------------------------===//
#include "KernelFixture.h"

#include "runtime/src/cuda/Kernels.h"
#include "targets/common/KernelNames.h"

#include <random>

using namespace lapidary;
using namespace lapidary::cuda::test;

namespace {

constexpr float epsilon = 1e-6f, keyStep = 0.03f, valueStep = 0.02f;

struct Scene {
  uint32_t heads, kvHeads, headDim, slots;
  std::vector<uint32_t> positions; ///< of the rows
  lap_format format;
  bool oneProjection = false; ///< keys and values are the same rows

  uint32_t rows() const { return static_cast<uint32_t>(positions.size()); }
  uint32_t columns() const { return (heads + 2 * kvHeads) * headDim; } ///< query, key and value of a row
  uint32_t rowBytes() const { return columns() * 4; }
  uint32_t keyColumn() const { return heads * headDim; }
  uint32_t valueColumn() const { return keyColumn() + (oneProjection ? 0 : kvHeads * headDim); }
  uint64_t cacheBytes() const {
    return uint64_t(slots) * kvHeads * headDim * (format == LAP_F32 ? 4 : format == LAP_BF16 ? 2 : 1);
  }
  float step(float integers) const { return format == LAP_I8 ? integers : 1.0f; }
  std::string name(const char *kernel) const { return std::string(formatName(format)) + "-" + kernel + "-cuda"; }
};

std::vector<float> numbers(size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0.2f, 1.5f);
  std::vector<float> values(count);
  for (float &value : values) {
    value = normal(engine);
  }
  return values;
}

/// A call's rows, weights, angles and caches, the same in every one made of a scene.
struct Call {
  const Scene &s;
  Memory<float> x, w, queryW, table; ///< x: [rows][columns]
  Memory<uint8_t> caches;            ///< keys, 64 bytes, values
  Memory<lap_row_place> places;

  explicit Call(const Scene &s)
      : s(s), x(numbers(size_t(s.rows()) * s.columns(), 1)), w(numbers(s.headDim, 2)), queryW(numbers(s.headDim, 3)),
        table(numbers(size_t(s.rows()) * s.headDim, 4)), caches(s.cacheBytes() * 2 + 64, 0x71), places(placesOf()) {}

  std::vector<lap_row_place> placesOf() const {
    std::vector<lap_row_place> result;
    for (uint32_t position : s.positions) {
      result.push_back({reinterpret_cast<uint8_t *>(caches.address), position, 0});
    }
    return result;
  }
  CUdeviceptr at(uint32_t column) const { return x.address + column * 4; }
  int64_t valueOffset() const { return int64_t(s.cacheBytes()) + 64; }

  void normRotary(uint32_t column, uint32_t heads, const Memory<float> &weight, CUdeviceptr out, uint32_t outBytes) {
    launch<lap::cuda::NormRotary>("f32-norm_rotary-1x256-cuda", {heads, s.rows()}, at(column), s.rowBytes(),
                                  weight.address, table.address, s.headDim * 4, out, outBytes, s.headDim, epsilon);
  }

  /// All that the one kernel does, by others.
  void runApart(bool withQuery) {
    const uint32_t kvBytes = s.kvHeads * s.headDim * 4;
    Memory<float> key(size_t(s.rows()) * s.kvHeads * s.headDim, 0.0f), value(key.read());
    normRotary(s.keyColumn(), s.kvHeads, w, key.address, kvBytes);
    launch<lap::cuda::RmsNorm>("f32-rms_norm-1x256-cuda", {s.kvHeads, s.rows()}, at(s.valueColumn()), s.rowBytes(),
                               CUdeviceptr(0), value.address, kvBytes, s.headDim, epsilon, 0, 0.0f);
    launch<lap::cuda::KvAppend>(s.name("kv_append-1x128"), {s.kvHeads, s.rows()}, key.address, kvBytes, value.address,
                                kvBytes, places.address, 0, valueOffset(), s.slots, s.headDim, s.step(keyStep),
                                s.step(valueStep));
    if (withQuery) {
      normRotary(0, s.heads, queryW, x.address, s.rowBytes());
    }
  }

  void runTogether(bool withQuery) {
    const uint32_t heads = withQuery ? s.heads : 0;
    launch<lap::cuda::KvNormAppend>(
        s.name("kv_norm_append-1x256"), {heads + 2 * s.kvHeads, s.rows()}, at(s.keyColumn()), s.rowBytes(),
        at(s.valueColumn()), s.rowBytes(), withQuery ? x.address : 0, s.rowBytes(), w.address,
        withQuery ? queryW.address : 0, table.address, s.headDim * 4, withQuery ? x.address : 0, s.rowBytes(), heads,
        s.kvHeads, places.address, 0, valueOffset(), s.slots, s.headDim, epsilon, s.step(keyStep), s.step(valueStep));
  }
};

void compare(const Scene &s) {
  for (bool withQuery : {true, false}) {
    Call apart(s), together(s);
    apart.runApart(withQuery);
    together.runTogether(withQuery);
    EXPECT_EQ(together.caches.read(), apart.caches.read()) << s.headDim << (withQuery ? " with queries" : "");
    EXPECT_EQ(together.x.read(), apart.x.read()) << s.headDim; // queries in place, keys and values as they were
    EXPECT_NE(together.caches.read(), Call(s).caches.read());
  }
}

TEST(KvNormAppend, HasTheBitsOfItsParts) { compare({4, 1, 256, 64, {37}, LAP_BF16}); }
TEST(KvNormAppend, RowsWrapTheRing) { compare({2, 2, 48, 32, {30, 31, 32, 33, 66}, LAP_F32}); }
TEST(KvNormAppend, RoundsToSteps) { compare({3, 1, 512, 16, {3, 4}, LAP_I8}); }
TEST(KvNormAppend, KeysAndValuesMayBeOneProjection) { compare({8, 2, 64, 48, {5, 6, 7}, LAP_BF16, true}); }
TEST(KvNormAppend, SmallHeads) { compare({2, 1, 16, 16, {0, 1}, LAP_F32}); }

} // namespace
