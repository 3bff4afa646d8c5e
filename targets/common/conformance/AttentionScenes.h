// AttentionScenes.h - whole sequences through cache writes and attention.
// SPDX-License-Identifier: Apache-2.0
//
// A sequence is fed in chunks through kv_append and attention, as programs do it; every (chunk, lanes) must give the
// same bits. What they are compared with is in the tests of float caches, of integer caches and of several sequences.
#ifndef LAPIDARY_TARGETS_COMMON_CONFORMANCE_ATTENTIONSCENES_H
#define LAPIDARY_TARGETS_COMMON_CONFORMANCE_ATTENTIONSCENES_H

#include "targets/common/conformance/Harness.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace lapidary::conformance {

struct Scene {
  uint32_t heads, kvHeads, headDim, window, tokens, slack; // slack: largest chunk of any run
  lap_format element;
  uint32_t firstChecked; // attention is computed from this position on

  /// The first position that a query at `position` sees.
  uint32_t firstSeen(uint32_t position) const { return window && position >= window ? position - window + 1 : 0; }
  uint32_t kvHeadOf(uint32_t head) const { return head / (heads / kvHeads); }
};

/// What a slow machine walks of a long scene: two query heads of a KV head, a quarter of their width, `checked`
/// positions.
Scene onThisMachine(Scene s, uint32_t checked = 8);

struct Sequence {
  std::vector<float> query, key, value; // [tokens][heads or kvHeads][headDim]
};

/// Scores of a few units, so that the softmax is neither flat nor one-hot.
Sequence randomSequence(const Scene &s);

/// Outputs of positions firstChecked..tokens-1, [position][heads * headDim].
std::vector<float> run(const Scene &s, const Sequence &sequence, uint32_t chunk, uint32_t lanes);

using Runs = std::vector<std::pair<uint32_t, uint32_t>>; // (chunk, lanes)

/// Half of them on a slow machine.
Runs allRuns();

/// The outputs of the first of `runs`; fails the test where another gives other bits.
std::vector<float> sameInAll(const Runs &runs, const Scene &s, const Sequence &sequence);

/// softmax(q k^T) v of one head at one position, of what the caches hold.
std::vector<double> exactAttention(const Scene &s, const Sequence &sequence, uint32_t position, uint32_t head);

/// The largest difference of outputs from exactAttention.
double worstDifference(const Scene &s, const Sequence &sequence, const std::vector<float> &outputs);

} // namespace lapidary::conformance

#endif
