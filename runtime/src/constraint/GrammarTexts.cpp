//===- GrammarTexts.cpp - choices between many fixed texts ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// An enum of a thousand values would put a text at a thousand places at once. Sorted texts are cut where they part:
// "alpha" | "alpine" | "beta" becomes "alp" ("ha" | "ine") | "beta".
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Grammar.h"

namespace lap {

constexpr uint32_t MaxSharing = 60; // partings on one way; emitting recurses with them

int Grammar::compareTexts(uint32_t a, uint32_t b) const {
  const Expr &left = exprs[a], &right = exprs[b];
  for (uint32_t i = 0; i < left.b && i < right.b; ++i) {
    uint32_t x = lists[left.a + i], y = lists[right.a + i];
    if (x != y) {
      return x < y ? -1 : 1;
    }
  }
  return left.b < right.b ? -1 : left.b > right.b;
}

/// Heap sort: qsort has no way to see the grammar.
void Grammar::sortTexts(uint32_t *texts, uint32_t count) const {
  auto siftDown = [&](uint32_t root, uint32_t end) {
    for (uint32_t child; (child = 2 * root + 1) < end; root = child) {
      child += child + 1 < end && compareTexts(texts[child + 1], texts[child]) > 0;
      if (compareTexts(texts[child], texts[root]) <= 0) {
        return;
      }
      uint32_t other = texts[root];
      texts[root] = texts[child], texts[child] = other;
    }
  };
  for (uint32_t root = count / 2; root-- > 0;) {
    siftDown(root, count);
  }
  for (uint32_t end = count; end-- > 1;) {
    uint32_t largest = texts[0];
    texts[0] = texts[end], texts[end] = largest;
    siftDown(0, end);
  }
}

uint32_t Grammar::partOfText(uint32_t expr, uint32_t from, uint32_t to) {
  return from == to ? uint32_t(EmptyExpr) : exprs.add({ExprKind::Text, exprs[expr].a + from, to - from, 0});
}

/// What follows the first `at` characters, which all of sorted[0 .. count) share.
uint32_t Grammar::shareBeginnings(const uint32_t *sorted, uint32_t count, uint32_t at, uint32_t level) {
  Array<uint32_t> choices(1u << 20);
  uint32_t i = 0;
  for (; i < count && exprs[sorted[i]].b == at; ++i) { // texts that end here; equal ones count once
    if (i == 0) {
      choices.add(EmptyExpr);
    }
  }
  while (i < count && !failed()) {
    uint32_t first = sorted[i], next = i + 1, shared = at;
    while (next < count && lists[exprs[sorted[next]].a + at] == lists[exprs[first].a + at]) {
      ++next;
    }
    const Expr from = exprs[first], to = exprs[sorted[next - 1]]; // sorted: what these share, all share
    while (shared < from.b && shared < to.b && lists[from.a + shared] == lists[to.a + shared]) {
      ++shared;
    }
    if (next == i + 1 || level == MaxSharing) {
      for (; i < next; ++i) {
        choices.add(partOfText(sorted[i], at, exprs[sorted[i]].b));
      }
      continue;
    }
    choices.add(all(partOfText(first, at, shared), shareBeginnings(sorted + i, next - i, shared, level + 1)));
    i = next;
  }
  return choice(choices.begin(), choices.size());
}

uint32_t Grammar::choiceOfTexts(const uint32_t *parts, uint32_t count) {
  Array<uint32_t> texts(1u << 20), choices(1u << 20);
  for (uint32_t i = 0; i < count; ++i) {
    bool text = exprs[parts[i]].kind == ExprKind::Text;
    (text ? texts : choices).add(parts[i]);
  }
  if (texts.size() > 1) {
    sortTexts(texts.begin(), texts.size());
  }
  if (texts.size() != 0) {
    choices.add(shareBeginnings(texts.begin(), texts.size(), 0, 0));
  }
  return choice(choices.begin(), choices.size());
}

} // namespace lap
