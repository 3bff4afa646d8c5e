//===- RowMetrics.cpp - how far one row of logits is from another -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// With e = exp(r - max r) and Z = sum e, KL(r || c) = sum (e / Z) (r - c) - lse(r) + lse(c): one pass after the maxima.
//===----------------------------------------------------------------------===//
#include "compiler/eval/RowMetrics.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace lapidary {

namespace {

bool allFinite(llvm::ArrayRef<float> row) {
  return std::all_of(row.begin(), row.end(), [](float value) { return std::isfinite(value); });
}

} // namespace

std::optional<RowScore> compareRows(llvm::ArrayRef<float> reference, llvm::ArrayRef<float> candidate,
                                    std::optional<int32_t> next) {
  assert(!reference.empty() && reference.size() == candidate.size() && "rows of one vocabulary");
  if (!allFinite(reference) || !allFinite(candidate)) {
    return std::nullopt;
  }
  const float *topReference = std::max_element(reference.begin(), reference.end());
  const float *topCandidate = std::max_element(candidate.begin(), candidate.end());
  double referenceSum = 0, candidateSum = 0, difference = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    const double r = reference[i], c = candidate[i], weight = std::exp(r - *topReference);
    referenceSum += weight;
    candidateSum += std::exp(c - *topCandidate);
    difference += weight * (r - c);
  }
  const double referenceTotal = std::log(referenceSum) + *topReference; // log-sum-exp
  const double candidateTotal = std::log(candidateSum) + *topCandidate;
  RowScore score;
  score.divergence =
      std::max(0.0, difference / referenceSum - referenceTotal + candidateTotal); // never below by rounding
  score.agrees = topReference - reference.begin() == topCandidate - candidate.begin();
  if (next) {
    score.surprise = candidateTotal - candidate[*next];
    score.referenceSurprise = referenceTotal - reference[*next];
  }
  return score;
}

void EvalScores::add(const RowScore &score, bool hasNext) {
  divergences.push_back(score.divergence);
  agreements += score.agrees;
  scored += hasNext;
  surprise += score.surprise;
  referenceSurprise += score.referenceSurprise;
}

EvalSummary EvalScores::summary() const {
  assert(!divergences.empty() && "nothing was compared");
  std::vector<double> sorted = divergences;
  std::sort(sorted.begin(), sorted.end());
  const size_t count = sorted.size();
  EvalSummary result;
  result.rows = count;
  result.scored = scored;
  for (double value : sorted) {
    result.mean += value / static_cast<double>(count);
  }
  result.median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
  result.p99 = sorted[(count * 99 + 99) / 100 - 1];
  result.max = sorted.back();
  result.agreement = static_cast<double>(agreements) / static_cast<double>(count);
  const double divisor = static_cast<double>(std::max<uint64_t>(scored, 1));
  result.perplexity = std::exp(surprise / divisor);
  result.referencePerplexity = std::exp(referenceSurprise / divisor);
  return result;
}

} // namespace lapidary
