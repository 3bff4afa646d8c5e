// IntegerAttentionTest.cpp - attention over int8 caches, bit for bit.
// SPDX-License-Identifier: Apache-2.0
//
// Compared with IntegerAttention.h. Where a target's floats have the bits of the definition all is exact: maxima,
// totals, sums, outputs. Where they have not, products and sums still are those of integers, without error: a maximum
// is off by the rounding of one product. A weight that was rounded from a float may be one apart, which moves a total
// by at most the number of keys and a sum by at most that of the magnitudes of its values.
#include "targets/common/conformance/IntegerAttention.h"
#include "runtime/src/cpu/Kernels.h"
#include "targets/common/conformance/AttentionScenes.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>

using namespace lapidary;
using namespace lapidary::conformance;

namespace {

/// A call of the kernel: rows of queries, blocks of 16 keys that begin at `firstBlock` of a ring of them.
struct Shape {
  int queries, dim, blocks, firstBlock, ring;
  int keys() const { return blocks * LAP_ROW_TILE; }
};

constexpr int Position = 512; // of the first key

/// What a call is about, without the caches' order.
struct Inputs {
  std::vector<float> query;          // [row][dim]
  std::vector<int8_t> keys, values;  // [key][dim]
  std::vector<int32_t> first, count; // [row] of the keys: what it sees
};

/// Row 0 sees all, row 1 nothing, row 2 has a query of zeros; the others see some.
Inputs randomInputs(const Shape &s) {
  Random random(s.queries * 1000 + s.dim);
  Inputs in;
  for (int i = 0; i < s.queries * s.dim; ++i) {
    in.query.push_back(i / s.dim == 2 ? 0.0f : static_cast<float>(random.integer(-10000, 10000)) * 3e-7f);
  }
  for (int i = 0; i < s.keys() * s.dim; ++i) {
    in.keys.push_back(static_cast<int8_t>(random.integer(-128, 127)));
    in.values.push_back(static_cast<int8_t>(random.integer(-128, 127)));
  }
  for (int q = 0; q < s.queries; ++q) {
    const int first = q == 0 ? 0 : random.integer(0, s.keys() - 1);
    in.first.push_back(first);
    in.count.push_back(q == 0 ? s.keys() : q == 1 ? 0 : random.integer(1, s.keys() - first));
  }
  return in;
}

/// All integers of the caches are the least or the largest, and so are the factors: dots and sums are as large as they
/// can be. Row 0 has the other sign.
Inputs extremeInputs(const Shape &s, int8_t element) {
  const std::vector<int8_t> all(s.keys() * s.dim, element);
  Inputs in = {std::vector<float>(s.queries * s.dim, -1.0f), all, all, std::vector<int32_t>(s.queries, 0),
               std::vector<int32_t>(s.queries, s.keys())};
  std::fill_n(in.query.begin(), s.dim, 1.0f);
  return in;
}

/// The caches of one KV head: key [ring block][dim][16], value [part][ring block][16 keys][16 columns]. What no key of
/// the call has is in other blocks.
struct Caches {
  std::vector<int8_t> key, value;

  Caches(const Shape &s, const Inputs &in) : key(s.ring * 16 * s.dim, 0x55), value(key) {
    for (int k = 0; k < s.keys(); ++k) {
      const int slot = (s.firstBlock + k / 16) % s.ring;
      for (int d = 0; d < s.dim; ++d) {
        key[(slot * s.dim + d) * 16 + k % 16] = in.keys[k * s.dim + d];
        value[((d / 16 * s.ring + slot) * 16 + k % 16) * 16 + d % 16] = in.values[k * s.dim + d];
      }
    }
  }
};

std::vector<Attended> callKernel(const Shape &s, const Inputs &in) {
  const Caches caches(s, in);
  std::vector<int32_t> first, last; // some ranges go beyond the slice
  for (int q = 0; q < s.queries; ++q) {
    const bool all = in.count[q] == s.keys(), none = in.count[q] == 0;
    first.push_back(all ? 40 : none ? 1 : Position + in.first[q]);
    last.push_back(all ? Position + s.keys() + 40 : none ? 0 : first[q] + in.count[q] - 1);
  }
  std::vector<float> maxima(s.queries), totals(s.queries), sums(s.queries * s.dim);
  std::vector<int16_t> integers;
  std::vector<float> steps;
  for (int q = 0; q < s.queries; ++q) {
    const RoundedRow rounded = roundRow(&in.query[q * s.dim], s.dim);
    integers.insert(integers.end(), rounded.factors.begin(), rounded.factors.end());
    steps.push_back(rounded.step);
  }
  lap::Array query(integers.data(), {s.dim, 1}, {s.queries, s.dim}), step(steps.data(), {s.queries, 1});
  lap::Array key(caches.key.data(), {16, 1}, {s.dim, 16}, {s.ring, s.dim * 16});
  lap::Array value(caches.value.data(), {16, 1}, {16, 16}, {s.ring, 256}, {s.dim / 16, s.ring * 256});
  lap::Array low(first.data(), {s.queries, 1}), high(last.data(), {s.queries, 1});
  lap::Array maximum(maxima.data(), {s.queries, 1}), total(totals.data(), {s.queries, 1});
  lap::Array sum(sums.data(), {16, 1}, {s.dim / 16, 16}, {s.queries, s.dim});
  auto *slice = lap::kernelCast<lap::AttentionSliceIntegerKernel>(kernel(KernelOp::AttentionSlice, LAP_I8));
  slice(query, step, key, value, low, high, Position, s.firstBlock, s.blocks, s.ring, maximum, total, sum);
  std::vector<Attended> result;
  for (int q = 0; q < s.queries; ++q) {
    result.push_back({maxima[q], totals[q], {sums.begin() + q * s.dim, sums.begin() + (q + 1) * s.dim}});
  }
  return result;
}

/// `most`: what other floats than the defined ones may change, besides the last bits.
void expectSame(float got, float expected, double most) {
  EXPECT_LE(std::fabs(double(got) - expected), definedBits() ? 0.0 : most + 4e-7 * std::fabs(expected));
}

void check(const Shape &s, const Inputs &in) {
  SCOPED_TRACE(testing::Message() << s.queries << " rows, head of " << s.dim << ", " << s.blocks << " blocks");
  const std::vector<Attended> got = callKernel(s, in);
  for (int q = 0; q < s.queries; ++q) {
    SCOPED_TRACE(testing::Message() << "row " << q);
    const int8_t *keys = &in.keys[in.first[q] * s.dim], *values = &in.values[in.first[q] * s.dim];
    const Attended expected = attendKeys(roundRow(&in.query[q * s.dim], s.dim), keys, values, in.count[q], s.dim);
    expectSame(got[q].maximum, expected.maximum, 0.0);
    expectSame(got[q].total, expected.total, in.count[q]);
    for (int d = 0; d < s.dim; ++d) {
      double magnitudes = 0;
      for (int k = 0; k < in.count[q]; ++k) {
        magnitudes += std::abs(values[k * s.dim + d]);
      }
      expectSame(got[q].sum[d], expected.sum[d], magnitudes);
    }
  }
}

class IntegerAttentionConformance : public testing::Test {
protected:
  void SetUp() override {
    if (!skipReason().empty()) {
      GTEST_SKIP() << skipReason();
    }
  }
};

TEST_F(IntegerAttentionConformance, SlicesOfAllShapes) {
  for (int queries : {1, 2, 4, 8}) {
    for (const Shape &s : {Shape{queries, 16, 1, 0, 1}, Shape{queries, 48, 3, 2, 4}, Shape{queries, 64, 32, 0, 32},
                           Shape{queries, 256, 7, 5, 9}, Shape{queries, 512, 4, 0, 6}}) {
      check(s, randomInputs(s));
    }
  }
}

TEST_F(IntegerAttentionConformance, LargestSums) {
  const Shape s = {8, lap::MostIntegerHeadDim, LAP_ATTENTION_SLICE / LAP_ROW_TILE, 0, 32};
  check(s, extremeInputs(s, -128));
  check(s, extremeInputs(s, 127));
}

/// What cache writes keep of K or V.
std::vector<int8_t> stored(const std::vector<float> &values, float step) {
  std::vector<int8_t> integers;
  for (float value : values) {
    integers.push_back(static_cast<int8_t>(toInt8(value, step)));
  }
  return integers;
}

/// Outputs of positions firstChecked..tokens-1, as `run` has them.
std::vector<float> definedOutputs(const Scene &s, const Sequence &sequence) {
  const std::vector<int8_t> keys = stored(sequence.key, IntegerKeyStep);
  const std::vector<int8_t> values = stored(sequence.value, IntegerValueStep);
  const uint32_t stride = s.kvHeads * s.headDim;
  std::vector<float> outputs, query(s.headDim);
  for (uint32_t position = s.firstChecked; position < s.tokens; ++position) {
    for (uint32_t head = 0; head < s.heads; ++head) {
      const float *from = &sequence.query[(size_t(position) * s.heads + head) * s.headDim];
      std::transform(from, from + s.headDim, query.begin(), [](float each) { return each * IntegerKeyStep; });
      const RoundedRow rounded = roundRow(query.data(), s.headDim);
      Attended all;
      for (uint32_t first = s.firstSeen(position), end; first <= position; first = end) {
        end = std::min(position, first | (LAP_ATTENTION_SLICE - 1)) + 1;
        const size_t at = size_t(first) * stride + s.kvHeadOf(head) * s.headDim;
        fold(all, attendKeys(rounded, &keys[at], &values[at], end - first, stride));
      }
      for (float sum : all.sum) {
        outputs.push_back(sum / all.total * IntegerValueStep);
      }
    }
  }
  return outputs;
}

void checkScene(const Scene &s, const Runs &runs) {
  const Sequence sequence = randomSequence(s);
  const std::vector<float> outputs = sameInAll(runs, s, sequence), defined = definedOutputs(s, sequence);
  ASSERT_EQ(outputs.size(), defined.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    expectSame(outputs[i], defined[i], 1e-4);
  }
  EXPECT_LT(worstDifference(s, sequence, defined), 1e-3) << "what rounding query rows and weights changes";
}

TEST_F(IntegerAttentionConformance, GlobalLayerOfTwoKvHeads) {
  checkScene(onThisMachine({8, 2, 64, 0, 530, 32, LAP_I8, 500}), allRuns());
}
TEST_F(IntegerAttentionConformance, WindowOfOddSize) { checkScene({4, 1, 32, 37, 150, 32, LAP_I8, 0}, allRuns()); }
TEST_F(IntegerAttentionConformance, WindowThatCrossesSlices) {
  checkScene(onThisMachine({8, 1, 64, 512, 1100, 32, LAP_I8, 1080}), {{32, 1}, {1, 2}, {5, 3}});
}

} // namespace
