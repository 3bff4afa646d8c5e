//===- Suggest.cpp - "did you mean" ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Optimal string alignment distance: a swap of neighbours ("qaunt") counts once, as people feel it.
//===----------------------------------------------------------------------===//
#include "support/Suggest.h"

#include "support/Quote.h"

#include <algorithm>

namespace lapidary {

unsigned editDistance(std::string_view a, std::string_view b, unsigned limit) {
  size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > limit) {
    return limit + 1;
  }
  // Three rows of the table: two back (for swaps), the one before, the current one.
  std::vector<unsigned> twoBack(b.size() + 1), before(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) {
    before[j] = static_cast<unsigned>(j);
  }
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<unsigned>(i);
    unsigned smallest = row[0];
    for (size_t j = 1; j <= b.size(); ++j) {
      unsigned replace = before[j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = std::min({before[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], twoBack[j - 2] + 1);
      }
      smallest = std::min(smallest, row[j]);
    }
    if (smallest > limit + 1) {
      return limit + 1;
    }
    twoBack.swap(before);
    before.swap(row);
  }
  return std::min(before[b.size()], limit + 1);
}

std::optional<std::string> closestMatch(std::string_view word, const std::vector<std::string> &candidates) {
  constexpr unsigned furthest = 2;
  const std::string *best = nullptr;
  unsigned bestDistance = furthest + 1;
  for (const std::string &candidate : candidates) {
    unsigned distance = editDistance(word, candidate, furthest);
    if (distance < bestDistance && distance < word.size()) {
      best = &candidate;
      bestDistance = distance;
    }
  }
  if (best) {
    return *best;
  }
  for (const std::string &candidate : candidates) {
    bool isPrefix = word.size() >= 3 && std::string_view(candidate).substr(0, word.size()) == word;
    if (isPrefix && (!best || candidate.size() < best->size())) {
      best = &candidate;
    }
  }
  return best ? std::optional<std::string>(*best) : std::nullopt;
}

std::string didYouMean(std::string_view word, const std::vector<std::string> &candidates) {
  std::optional<std::string> match = closestMatch(word, candidates);
  return match ? "did you mean " + quoted(*match) + "?" : "";
}

} // namespace lapidary
