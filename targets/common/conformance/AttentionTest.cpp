// AttentionTest.cpp - cache writes and attention.
// SPDX-License-Identifier: Apache-2.0
//
// A whole sequence is fed in chunks through kv_append and attention, as programs do it. Every (chunk, lanes) must give
// the same bits; one of them is compared with softmax in double precision.
#include "targets/common/PackedLayout.h"
#include "targets/common/conformance/Harness.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace lapidary;
using namespace lapidary::conformance;

namespace {

struct Scene {
  uint32_t heads, kvHeads, headDim, window, tokens, slack; // slack: largest chunk of any run
  lap_format element;
  uint32_t firstChecked; // attention is computed from this position on
};

/// What a slow machine walks of a long scene: two query heads of a KV head, a quarter of their width, `checked`
/// positions.
Scene onThisMachine(Scene s, uint32_t checked = 8) {
  if (slowMachine()) {
    s.heads = std::min(s.heads, 2 * s.kvHeads);
    s.headDim = std::max(16u, s.headDim / 64 * 16);
    s.firstChecked = s.firstChecked ? std::max(s.firstChecked, s.tokens - checked) : 0;
  }
  return s;
}

struct Sequence {
  std::vector<float> query, key, value; // [tokens][heads or kvHeads][headDim]
};

Sequence randomSequence(const Scene &s) {
  Random random(s.heads * 1000 + s.headDim + s.window + s.tokens);
  Sequence q;
  // Scores of a few units: the softmax is neither flat nor one-hot.
  const float scale = std::sqrt(2.0f / std::sqrt(static_cast<float>(s.headDim)));
  for (size_t i = 0; i < size_t(s.tokens) * s.heads * s.headDim; ++i) {
    q.query.push_back(random.normal() * scale);
  }
  for (size_t i = 0; i < size_t(s.tokens) * s.kvHeads * s.headDim; ++i) {
    q.key.push_back(random.normal() * scale);
    q.value.push_back(random.normal());
  }
  return q;
}

void setRows(Machine &machine, const lap_buffer &buffer, const std::vector<float> &from, uint32_t width, uint32_t first,
             uint32_t rows) {
  for (uint32_t row = 0; row < rows; ++row) {
    std::memcpy(machine.floats(buffer, row), &from[size_t(first + row) * width], width * 4);
  }
}

/// Outputs of positions firstChecked..tokens-1, [position][heads * headDim].
std::vector<float> run(const Scene &s, const Sequence &sequence, uint32_t chunk, uint32_t lanes) {
  const uint32_t qWidth = s.heads * s.headDim, kvWidth = s.kvHeads * s.headDim;
  const uint32_t slots = static_cast<uint32_t>(roundUp(s.window ? s.window - 1 + s.slack : s.tokens, 16));
  Machine machine;
  const lap_cache cache = machine.cache(slots, s.kvHeads, s.headDim, s.window, s.element);
  const lap_kv_append_args append = {machine.buffer(1, 0, kvWidth, chunk), machine.buffer(1, 0, kvWidth, chunk), cache};
  const lap_attention_args attend = {machine.buffer(1, 0, qWidth, chunk), machine.buffer(1, 0, qWidth, chunk), cache,
                                     s.heads, 0};
  std::vector<float> result;
  for (uint32_t position = 0; position < s.tokens;) {
    // A chunk never straddles firstChecked, so every run computes the same positions.
    const uint32_t end = position < s.firstChecked ? s.firstChecked : s.tokens;
    const uint32_t rows = std::min(chunk, end - position);
    const bool checked = position >= s.firstChecked;
    setRows(machine, append.key, sequence.key, kvWidth, position, rows);
    setRows(machine, append.value, sequence.value, kvWidth, position, rows);
    setRows(machine, attend.query, sequence.query, qWidth, position, rows);
    // Starting lanes is slow under an emulator, and what is only written to the cache does not need them.
    machine.run(checked ? lanes : 1, rows, position, nullptr, [&](const lap_step *step, uint32_t lane, uint32_t count) {
      lap_op_kv_append(step, &append, kernel(KernelOp::KvAppend, s.element), lane, count);
      lap_op_barrier(step, lane, count);
      if (checked) {
        lap_op_attention(step, &attend, kernel(KernelOp::AttentionSlice, s.element), kernel(KernelOp::AttentionMerge),
                         lane, count);
      }
    });
    if (checked) {
      EXPECT_TRUE(machine.paddingIsZero(attend.out, rows, qWidth));
      for (uint32_t row = 0; row < rows; ++row) {
        const float *out = machine.floats(attend.out, row);
        result.insert(result.end(), out, out + qWidth);
      }
    }
    position += rows;
  }
  return result;
}

/// What the cache holds for `value`; `step` as the harness sets it.
float stored(const Scene &s, float value, float step) {
  return s.element == LAP_F32  ? value
         : s.element == LAP_I8 ? step * static_cast<float>(toInt8(value, step))
                               : bf16ToFloat(floatToBf16(value));
}

/// softmax(q k^T) v of one head at one position.
std::vector<double> reference(const Scene &s, const Sequence &sequence, uint32_t position, uint32_t head) {
  const uint32_t kvHead = head / (s.heads / s.kvHeads);
  const uint32_t first = s.window && position >= s.window ? position - s.window + 1 : 0;
  const float *query = &sequence.query[(size_t(position) * s.heads + head) * s.headDim];
  std::vector<double> scores;
  double maximum = -1e300, total = 0;
  for (uint32_t k = first; k <= position; ++k) {
    const float *key = &sequence.key[(size_t(k) * s.kvHeads + kvHead) * s.headDim];
    double score = 0;
    for (uint32_t d = 0; d < s.headDim; ++d) {
      score += double(query[d]) * stored(s, key[d], IntegerKeyStep);
    }
    scores.push_back(score);
    maximum = std::max(maximum, score);
  }
  std::vector<double> out(s.headDim);
  for (uint32_t k = first; k <= position; ++k) {
    const double weight = std::exp(scores[k - first] - maximum);
    const float *value = &sequence.value[(size_t(k) * s.kvHeads + kvHead) * s.headDim];
    total += weight;
    for (uint32_t d = 0; d < s.headDim; ++d) {
      out[d] += weight * stored(s, value[d], IntegerValueStep);
    }
  }
  for (double &value : out) {
    value /= total;
  }
  return out;
}

void checkScene(const Scene &s, const std::vector<std::pair<uint32_t, uint32_t>> &runs) {
  if (!skipReason().empty()) {
    GTEST_SKIP() << skipReason();
  }
  const Sequence sequence = randomSequence(s);
  const std::vector<float> expected = run(s, sequence, runs[0].first, runs[0].second);
  expectMostlyNonZero(expected);
  const uint32_t width = s.heads * s.headDim;
  double worst = 0;
  for (uint32_t position = s.firstChecked; position < s.tokens; ++position) {
    for (uint32_t head = 0; head < s.heads; ++head) {
      const std::vector<double> exact = reference(s, sequence, position, head);
      for (uint32_t d = 0; d < s.headDim; ++d) {
        const float got = expected[size_t(position - s.firstChecked) * width + head * s.headDim + d];
        worst = std::max(worst, std::fabs(got - exact[d]));
      }
    }
  }
  // The reference does not round query rows and weights.
  EXPECT_LT(worst, tolerance(s.element == LAP_I8 ? 1e-3 : 2e-5)) << "largest difference from the double reference";
  for (size_t i = 1; i < runs.size(); ++i) {
    const std::vector<float> other = run(s, sequence, runs[i].first, runs[i].second);
    ASSERT_EQ(other.size(), expected.size());
    EXPECT_EQ(std::memcmp(other.data(), expected.data(), other.size() * 4), 0)
        << "chunk " << runs[i].first << ", " << runs[i].second << " lanes gives other bits";
  }
}

/// (chunk, lanes); half of them on a slow machine.
std::vector<std::pair<uint32_t, uint32_t>> allRuns() {
  if (slowMachine()) {
    return {{32, 1}, {1, 3}, {3, 2}, {16, 2}};
  }
  return {{32, 1}, {1, 1}, {1, 2}, {1, 3}, {3, 2}, {7, 3}, {16, 2}, {32, 3}};
}

TEST(AttentionConformance, GlobalLayerOfOneKvHead) { checkScene({8, 1, 64, 0, 100, 32, LAP_BF16, 0}, allRuns()); }
TEST(AttentionConformance, GlobalLayerInF32) { checkScene({4, 2, 32, 0, 90, 32, LAP_F32, 0}, allRuns()); }
TEST(AttentionConformance, SmallHeads) { checkScene({4, 1, 16, 0, 70, 32, LAP_BF16, 0}, allRuns()); }
TEST(AttentionConformance, OneQueryHeadPerKvHead) { checkScene({4, 4, 48, 0, 60, 32, LAP_F32, 0}, allRuns()); }
TEST(AttentionConformance, ThreeQueryHeadsPerKvHead) { checkScene({6, 2, 32, 0, 60, 32, LAP_BF16, 0}, allRuns()); }
TEST(AttentionConformance, SixteenQueryHeadsPerKvHead) { checkScene({16, 1, 32, 0, 60, 32, LAP_BF16, 0}, allRuns()); }
TEST(AttentionConformance, SmallWindowWrapsItsRingOften) { checkScene({4, 1, 16, 8, 150, 32, LAP_F32, 0}, allRuns()); }
TEST(AttentionConformance, WindowOfOddSize) { checkScene({4, 2, 32, 37, 200, 32, LAP_BF16, 0}, allRuns()); }
TEST(AttentionConformance, WindowOf512CrossesSlices) {
  checkScene(onThisMachine({8, 1, 64, 512, 1600, 32, LAP_BF16, 1480}), {{32, 1}, {1, 2}, {5, 3}, {32, 2}});
}
TEST(AttentionConformance, GlobalLayerOverSeveralSlices) {
  checkScene(onThisMachine({8, 2, 64, 0, 1580, 256, LAP_BF16, 1520}), {{32, 1}, {1, 2}, {1, 3}, {9, 3}});
}
TEST(AttentionConformance, DecodeBeyondOneRoundOfSlices) {
  checkScene(onThisMachine({2, 1, 32, 0, 9000, 256, LAP_BF16, 8990}), {{256, 1}, {1, 1}, {1, 2}, {1, 3}});
}
TEST(AttentionConformance, IntegerCache) { checkScene(onThisMachine({8, 2, 64, 0, 530, 32, LAP_I8, 500}), allRuns()); }
TEST(AttentionConformance, IntegerCacheWithAWindow) { checkScene({4, 1, 32, 37, 150, 32, LAP_I8, 0}, allRuns()); }
TEST(AttentionConformance, LargeHead) {
  checkScene(onThisMachine({8, 1, 512, 0, 530, 32, LAP_BF16, 505}), {{32, 1}, {1, 2}, {3, 3}});
}

/// Several sequences on one machine: sequence i joins after joins[i] calls and has perCall[i] rows in each.
struct Together {
  std::vector<Scene> scenes; // differ in tokens only
  std::vector<uint32_t> joins, perCall;
  std::vector<uint32_t> done = std::vector<uint32_t>(joins.size()); // tokens of each so far

  std::vector<SequenceRow> next(uint32_t call) {
    std::vector<SequenceRow> rows;
    for (uint32_t i = 0; i < scenes.size(); ++i) {
      for (uint32_t n = 0; n < perCall[i] && call >= joins[i] && done[i] < scenes[i].tokens; ++n) {
        rows.push_back({i, done[i]++});
      }
    }
    return rows;
  }
};

/// Every row's output, from its scene's firstChecked on, is that of its sequence alone, bit for bit. Sequence 0 joins
/// at once and lasts till all joined.
void checkTogether(Together t, uint32_t lanes) {
  if (!skipReason().empty()) {
    GTEST_SKIP() << skipReason();
  }
  const Scene &s = t.scenes[0];
  const uint32_t qWidth = s.heads * s.headDim, kvWidth = s.kvHeads * s.headDim, most = 64;
  uint32_t slots = s.window ? s.window - 1 + s.slack : 0;
  std::vector<Sequence> sequences;
  std::vector<std::vector<float>> alone;
  for (const Scene &scene : t.scenes) {
    sequences.push_back(randomSequence(scene));
    alone.push_back(run(scene, sequences.back(), 32, 1));
    slots = s.window ? slots : std::max(slots, scene.tokens);
  }
  Machine machine;
  slots = static_cast<uint32_t>(roundUp(slots, 16));
  const lap_cache cache = machine.cache(slots, s.kvHeads, s.headDim, s.window, s.element);
  const lap_kv_append_args append = {machine.buffer(1, 0, kvWidth, most), machine.buffer(1, 0, kvWidth, most), cache};
  const lap_attention_args attend = {machine.buffer(1, 0, qWidth, most), machine.buffer(1, 0, qWidth, most), cache,
                                     s.heads, 0};
  uint32_t call = 0;
  for (auto rows = t.next(0); !rows.empty(); rows = t.next(++call)) {
    for (uint32_t row = 0; row < rows.size(); ++row) {
      const Sequence &from = sequences[rows[row].sequence];
      const size_t position = rows[row].position;
      std::memcpy(machine.floats(append.key, row), &from.key[position * kvWidth], kvWidth * 4);
      std::memcpy(machine.floats(append.value, row), &from.value[position * kvWidth], kvWidth * 4);
      std::memcpy(machine.floats(attend.query, row), &from.query[position * qWidth], qWidth * 4);
    }
    auto isChecked = [&](const SequenceRow &row) { return row.position >= t.scenes[row.sequence].firstChecked; };
    const bool checked = std::any_of(rows.begin(), rows.end(), isChecked);
    machine.runPlaced(checked ? lanes : 1, rows, [&](const lap_step *step, uint32_t lane, uint32_t count) {
      lap_op_kv_append(step, &append, kernel(KernelOp::KvAppend, s.element), lane, count);
      lap_op_barrier(step, lane, count);
      if (checked) {
        lap_op_attention(step, &attend, kernel(KernelOp::AttentionSlice, s.element), kernel(KernelOp::AttentionMerge),
                         lane, count);
      }
    });
    for (uint32_t row = 0; row < rows.size(); ++row) {
      if (!isChecked(rows[row])) {
        continue;
      }
      const size_t from = rows[row].position - t.scenes[rows[row].sequence].firstChecked;
      const float *expected = &alone[rows[row].sequence][from * qWidth];
      ASSERT_EQ(std::memcmp(machine.floats(attend.out, row), expected, qWidth * 4), 0)
          << "sequence " << rows[row].sequence << ", position " << rows[row].position << ", " << lanes << " lanes";
    }
  }
  for (uint32_t i = 0; i < t.scenes.size(); ++i) {
    EXPECT_EQ(t.done[i], t.scenes[i].tokens) << "sequence " << i << " was not compared to its end";
  }
}

Scene lasting(Scene scene, uint32_t tokens, uint32_t firstChecked = 0) {
  scene.tokens = tokens, scene.firstChecked = firstChecked;
  return scene;
}

TEST(AttentionConformance, RowsOfSeveralSequencesInGlobalLayers) {
  const Scene s = onThisMachine({8, 1, 64, 0, 100, 32, LAP_BF16, 0});
  for (uint32_t lanes : slowMachine() ? std::vector<uint32_t>{1, 3} : std::vector<uint32_t>{1, 2, 3, 5}) {
    checkTogether({{s, lasting(s, 60), lasting(s, 640)}, {0, 30, 3}, {1, 2, 9}}, lanes);
  }
}
TEST(AttentionConformance, RowsOfSeveralSequencesInWindows) {
  const Scene s = onThisMachine({4, 2, 32, 37, 200, 32, LAP_F32, 0});
  for (uint32_t lanes : {1, 2, 3, 8}) {
    checkTogether({{s, lasting(s, 90)}, {0, 20}, {1, 1}}, lanes);
  }
}
TEST(AttentionConformance, LanesShareTheSlicesOfSeveralLongSequences) {
  const Scene s = {2, 1, 32, 0, 9000, 256, LAP_BF16, 0};
  if (!slowMachine()) {
    return checkTogether({{s, lasting(s, 2100)}, {0, 300}, {16, 16}}, 64);
  }
  // The last two calls of both.
  checkTogether({{lasting(s, 9000, 8976), lasting(s, 2100, 2080)}, {0, 431}, {16, 16}}, 64);
}

} // namespace
