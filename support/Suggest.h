//===- Suggest.h - "did you mean" ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A near miss in an option, target, format or tensor name is the most common mistake, and the cheapest to help with.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_SUPPORT_SUGGEST_H
#define LAPIDARY_SUPPORT_SUGGEST_H

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary {

/// Number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`, or limit + 1 when
/// it is more than `limit`. O(|a| * |b|) at most; names are short.
unsigned editDistance(std::string_view a, std::string_view b, unsigned limit);

/// The candidate closest to `word`: edit distance at most 2 (and less than the word's length), else the shortest that
/// begins with `word` (3 characters or more). Nothing when no candidate is near. Ties go to the earlier candidate.
std::optional<std::string> closestMatch(std::string_view word, const std::vector<std::string> &candidates);

/// "did you mean 'x'?" for closestMatch, or "" when nothing is near; fits Diagnostic::help.
std::string didYouMean(std::string_view word, const std::vector<std::string> &candidates);

} // namespace lapidary

#endif // LAPIDARY_SUPPORT_SUGGEST_H
