//===- RowMetrics.h - how far one row of logits is from another ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What quantization costs, token by token: the Kullback-Leibler divergence of the candidate's distribution from the
// reference's (in nats, 0 when they are the same), whether both would say the same token, and how surprised each is by
// the token that really follows. Logits are float32 as programs write them; all sums are double.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_EVAL_ROWMETRICS_H
#define LAPIDARY_COMPILER_EVAL_ROWMETRICS_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace lapidary {

struct RowScore {
  double divergence = 0;                      ///< KL(reference || candidate)
  bool agrees = false;                        ///< the same token has the largest logit (of equals, the first)
  double surprise = 0, referenceSurprise = 0; ///< -log p(next); 0 when nothing follows
};

/// Compares two rows of the same vocabulary; `next` is the token that follows, if any. nullopt when a logit is not a
/// finite number.
std::optional<RowScore> compareRows(llvm::ArrayRef<float> reference, llvm::ArrayRef<float> candidate,
                                    std::optional<int32_t> next);

struct EvalSummary {
  uint64_t rows = 0;                             ///< compared
  uint64_t scored = 0;                           ///< of those, with a token that follows
  double mean = 0, median = 0, p99 = 0, max = 0; ///< of the divergences; p99 is the smallest that 99 % do not exceed
  double agreement = 0;                          ///< 0..1
  double perplexity = 0, referencePerplexity = 0;
  double ratio() const { return perplexity / referencePerplexity; }
};

/// Collects the scores of all rows.
class EvalScores {
public:
  void add(const RowScore &score, bool hasNext);
  /// Not to be asked before a row was added. Perplexities are 1 when no row had a token that follows.
  EvalSummary summary() const;

private:
  std::vector<double> divergences;
  uint64_t agreements = 0, scored = 0;
  double surprise = 0, referenceSurprise = 0;
};

} // namespace lapidary

#endif // LAPIDARY_COMPILER_EVAL_ROWMETRICS_H
