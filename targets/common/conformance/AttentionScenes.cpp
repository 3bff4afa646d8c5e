// AttentionScenes.cpp - whole sequences through cache writes and attention.
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/conformance/AttentionScenes.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

namespace lapidary::conformance {

namespace {

void setRows(Machine &machine, const lap_buffer &buffer, const std::vector<float> &from, uint32_t width, uint32_t first,
             uint32_t rows) {
  for (uint32_t row = 0; row < rows; ++row) {
    std::memcpy(machine.floats(buffer, row), &from[size_t(first + row) * width], width * 4);
  }
}

/// What the cache holds for `value`; `step` as the harness sets it.
float stored(const Scene &s, float value, float step) {
  return s.element == LAP_F32  ? value
         : s.element == LAP_I8 ? step * static_cast<float>(toInt8(value, step))
                               : bf16ToFloat(floatToBf16(value));
}

} // namespace

Scene onThisMachine(Scene s, uint32_t checked) {
  if (slowMachine()) {
    s.heads = std::min(s.heads, 2 * s.kvHeads);
    s.headDim = std::max(16u, s.headDim / 64 * 16);
    s.firstChecked = s.firstChecked ? std::max(s.firstChecked, s.tokens - checked) : 0;
  }
  return s;
}

Sequence randomSequence(const Scene &s) {
  Random random(s.heads * 1000 + s.headDim + s.window + s.tokens);
  Sequence q;
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

Runs allRuns() {
  if (slowMachine()) {
    return {{32, 1}, {1, 3}, {3, 2}, {16, 2}};
  }
  return {{32, 1}, {1, 1}, {1, 2}, {1, 3}, {3, 2}, {7, 3}, {16, 2}, {32, 3}};
}

std::vector<float> sameInAll(const Runs &runs, const Scene &s, const Sequence &sequence) {
  const std::vector<float> outputs = run(s, sequence, runs[0].first, runs[0].second);
  expectMostlyNonZero(outputs);
  for (size_t i = 1; i < runs.size(); ++i) {
    const std::vector<float> other = run(s, sequence, runs[i].first, runs[i].second);
    EXPECT_TRUE(other.size() == outputs.size() && std::memcmp(other.data(), outputs.data(), other.size() * 4) == 0)
        << "chunk " << runs[i].first << ", " << runs[i].second << " lanes gives other bits";
  }
  return outputs;
}

std::vector<double> exactAttention(const Scene &s, const Sequence &sequence, uint32_t position, uint32_t head) {
  const uint32_t kvHead = s.kvHeadOf(head), first = s.firstSeen(position);
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

double worstDifference(const Scene &s, const Sequence &sequence, const std::vector<float> &outputs) {
  double worst = 0;
  size_t at = 0;
  for (uint32_t position = s.firstChecked; position < s.tokens; ++position) {
    for (uint32_t head = 0; head < s.heads; ++head) {
      for (double exact : exactAttention(s, sequence, position, head)) {
        worst = std::max(worst, std::fabs(outputs[at++] - exact));
      }
    }
  }
  return worst;
}

} // namespace lapidary::conformance
