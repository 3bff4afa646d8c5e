//===- LogitBlocks.h - the largest logits without looking at all twice ----===//
// SPDX-License-Identifier: Apache-2.0
//
// Sampling wants a few dozen of 262,144 logits. One vectorized pass finds the largest of every block of some hundred;
// then few blocks are worth a second look. The k-th largest of these maxima is a lower bound of the k-th largest logit,
// because k blocks have a logit that is not below it.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_LOGITBLOCKS_H
#define LAPIDARY_RUNTIME_LOGITBLOCKS_H

#include "lapidary/ProgramAbi.h"

namespace lap {

/// A row of logits, of which those are usable that are numbers above minus infinity, not suppressed by the program, and
/// whose bit is set in `allowed` (id % 64 of word id / 64; null: all).
class LogitBlocks {
public:
  LogitBlocks(const lap_program &program, const float *logits, const uint64_t *allowed);

  uint32_t count() const { return blocks; }
  /// The largest usable logit of a block; minus infinity when there is none.
  float maximum(uint32_t block) const { return maxima[block]; }
  /// The lowest id of the largest usable logit; -1 when there is none.
  int32_t best() const;

  /// Calls visit(id, logit) for the usable logits of a block, in ascending order of ids.
  template <typename Visit> void forUsable(uint32_t block, Visit visit) const {
    const uint32_t end = (block + 1) * size < program.vocab ? (block + 1) * size : program.vocab;
    for (uint32_t id = block * size; id < end; ++id) {
      if (logits[id] > -__builtin_inff() && usable(id)) { // false for NaN
        visit(static_cast<int32_t>(id), logits[id]);
      }
    }
  }

private:
  bool usable(uint32_t id) const;
  bool allUsable(uint32_t first, uint32_t end) const;

  static constexpr uint32_t MostBlocks = 1024;
  const lap_program &program;
  const float *logits;
  const uint64_t *allowed;
  uint32_t size, blocks; // size: of a block, a multiple of 64
  float maxima[MostBlocks];
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_LOGITBLOCKS_H
