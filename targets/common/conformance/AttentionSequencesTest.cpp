// AttentionSequencesTest.cpp - attention of rows that belong to several sequences.
// SPDX-License-Identifier: Apache-2.0
//
// Every row must have the bits that its sequence gives alone.
#include "targets/common/PackedLayout.h"
#include "targets/common/conformance/AttentionScenes.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>

using namespace lapidary;
using namespace lapidary::conformance;

namespace {

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
TEST(AttentionConformance, RowsOfSeveralSequencesInIntegerCaches) {
  const Scene s = onThisMachine({4, 2, 32, 0, 120, 32, LAP_I8, 0});
  for (uint32_t lanes : {1, 3}) {
    checkTogether({{s, lasting(s, 90)}, {0, 20}, {1, 2}}, lanes);
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
