//===- Grammar.cpp - expressions and sets of characters -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Grammar.h. Small simplifications are made on the way (nothing in a choice, one part), so that the automaton has
// no idle nodes.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Grammar.h"

#include "runtime/src/tokenizer/VocabularyTrie.h"

namespace lap {

uint32_t decodeUtf8(const char *text, size_t bytes, size_t *at) {
  uint8_t lead = uint8_t(text[(*at)++]);
  if (lead < 0x80) {
    return lead;
  }
  uint32_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4 || bytes - *at < more) {
    return UINT32_MAX;
  }
  uint32_t value = lead & (0x3Fu >> more);
  for (uint32_t i = 0; i < more; ++i) {
    uint8_t byte = uint8_t(text[(*at)++]);
    if ((byte & 0xC0) != 0x80) {
      return UINT32_MAX;
    }
    value = value << 6 | (byte & 0x3Fu);
  }
  bool shortest = value >= (more == 1 ? 0x80u : more == 2 ? 0x800u : 0x10000u);
  return shortest && value <= LastCharacter && (value < 0xD800 || value > 0xDFFF) ? value : UINT32_MAX;
}

uint32_t encodeUtf8(uint32_t character, char *out) {
  if (character < 0x80) {
    out[0] = char(character);
    return 1;
  }
  uint32_t more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
  static const uint8_t leads[] = {0, 0xC0, 0xE0, 0xF0};
  out[0] = char(leads[more] | character >> (6 * more));
  for (uint32_t i = 1; i <= more; ++i) {
    out[i] = char(0x80 | ((character >> (6 * (more - i))) & 0x3F));
  }
  return more + 1;
}

void SetBuilder::addText(const char *ascii) {
  for (; *ascii; ++ascii) {
    add(uint8_t(*ascii));
  }
}

static int compareRanges(const void *a, const void *b) {
  uint32_t left = static_cast<const Range *>(a)->low, right = static_cast<const Range *>(b)->low;
  return left < right ? -1 : left > right;
}

void SetBuilder::normalize() {
  if (ranges.size() == 0) {
    return;
  }
  qsort(ranges.begin(), ranges.size(), sizeof(Range), compareRanges);
  uint32_t kept = 0;
  for (uint32_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].low <= ranges[kept].high + 1 && (ranges[i].low < FirstToken || ranges[kept].low >= FirstToken)) {
      ranges[kept].high = ranges[i].high > ranges[kept].high ? ranges[i].high : ranges[kept].high;
    } else {
      ranges[++kept] = ranges[i];
    }
  }
  ranges.shrink(kept + 1);
  remove(0xD800, 0xDFFF);
}

void SetBuilder::remove(uint32_t low, uint32_t high) {
  uint32_t count = ranges.size(), kept = 0;
  for (uint32_t i = 0; i < count; ++i) {
    Range range = ranges[i];
    if (range.high < low || range.low > high) {
      ranges[kept++] = range;
      continue;
    }
    if (range.low < low) {
      ranges[kept++] = {range.low, low - 1};
      if (range.high > high) { // cut in two: the right half goes to the end and is sorted in by whoever normalizes
        ranges.add({high + 1, range.high});
      }
    } else if (range.high > high) {
      ranges[kept++] = {high + 1, range.high};
    }
  }
  uint32_t added = ranges.size() - count;
  for (uint32_t i = 0; i < added; ++i) {
    ranges[kept++] = ranges[count + i];
  }
  ranges.shrink(kept);
  if (kept > 1) {
    qsort(ranges.begin(), kept, sizeof(Range), compareRanges);
  }
}

void SetBuilder::invert() {
  normalize();
  Array<Range> gaps{1u << 16};
  uint32_t from = 0;
  for (const Range &range : ranges) {
    if (range.low >= FirstToken) {
      break;
    }
    if (range.low > from) {
      gaps.add({from, range.low - 1});
    }
    from = range.high + 1;
  }
  if (from <= LastCharacter) {
    gaps.add({from, LastCharacter});
  }
  ranges.swap(gaps);
  normalize();
}

Grammar::Grammar() {
  exprs.add({ExprKind::Never, 0, 0, 0});
  exprs.add({ExprKind::Empty, 0, 0, 0});
  lists.add(0);
  ranges.add({0, 0});
  sets.add({});
}

bool Grammar::failed() const {
  return exprs.failed() || lists.failed() || ranges.failed() || sets.failed() || rules.failed();
}

/// Fills in the classes that lie in the set as a whole or in part; 0..2 are the lengths of non-ASCII characters.
static void classify(const Grammar &grammar, CharSet &set) {
  uint32_t missing = 0;
  for (uint32_t c = 0; c < 0x80; ++c) {
    bool in = set.ascii[c / 64] >> (c % 64) & 1;
    (in ? set.touched : missing) |= 1u << lap_char_class(uint8_t(c));
  }
  static const Range blocks[] = {{0x80, 0x7FF}, {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, LastCharacter}};
  static const uint32_t classes[] = {0, 1, 1, 2};
  for (uint32_t i = 0; i < 4; ++i) {
    bool covered = false;
    for (uint32_t r = 0; r < set.count; ++r) {
      const Range &range = grammar.ranges[set.first + r];
      covered |= range.low <= blocks[i].low && range.high >= blocks[i].high;
    }
    missing |= covered ? 0 : 1u << classes[i];
    set.touched |= grammar.meets(set, blocks[i].low, blocks[i].high) ? 1u << classes[i] : 0;
  }
  set.classes = ~missing & ((1u << LAP_CHAR_CLASSES) - 1);
}

uint32_t Grammar::set(SetBuilder &builder) {
  builder.normalize();
  if (builder.ranges.size() == 0 || builder.ranges.failed()) {
    return NeverExpr;
  }
  CharSet set = {};
  set.first = ranges.size();
  set.count = builder.ranges.size();
  ranges.append(builder.ranges.begin(), set.count);
  if (ranges.failed()) {
    return NeverExpr;
  }
  set.bytes = 4;
  for (const Range &range : builder.ranges) {
    for (uint32_t c = range.low; c <= range.high && c < 0x80; ++c) {
      set.ascii[c / 64] |= uint64_t(1) << (c % 64);
    }
    uint32_t low = range.low, bytes = low < 0x80 || low >= FirstToken ? 1 : low < 0x800 ? 2 : low < 0x10000 ? 3 : 4;
    set.bytes = bytes < set.bytes ? bytes : set.bytes;
  }
  classify(*this, set);
  return exprs.add({ExprKind::Set, sets.add(set), 0, 0});
}

uint32_t Grammar::character(uint32_t value) {
  if (value < 128 && asciiCharacters[value] != 0) {
    return asciiCharacters[value];
  }
  SetBuilder builder;
  builder.add(value);
  uint32_t expr = set(builder);
  if (value < 128) {
    asciiCharacters[value] = expr;
  }
  return expr;
}

uint32_t Grammar::text(const char *utf8, size_t bytes) {
  uint32_t first = lists.size();
  for (size_t at = 0; at < bytes;) {
    lists.add(decodeUtf8(utf8, bytes, &at));
  }
  uint32_t count = lists.size() - first;
  return count == 0 ? EmptyExpr : exprs.add({ExprKind::Text, first, count, 0});
}

uint32_t Grammar::sequence(const uint32_t *parts, uint32_t count) {
  uint32_t first = lists.size();
  for (uint32_t i = 0; i < count; ++i) {
    if (parts[i] == NeverExpr) {
      lists.shrink(first);
      return NeverExpr;
    }
    if (parts[i] != EmptyExpr) {
      lists.add(parts[i]);
    }
  }
  uint32_t kept = lists.size() - first;
  if (kept <= 1) {
    uint32_t only = kept == 1 ? lists[first] : EmptyExpr;
    lists.shrink(first);
    return only;
  }
  return exprs.add({ExprKind::Sequence, first, kept, 0});
}

uint32_t Grammar::choice(const uint32_t *parts, uint32_t count) {
  uint32_t first = lists.size();
  for (uint32_t i = 0; i < count; ++i) {
    if (parts[i] != NeverExpr) {
      lists.add(parts[i]);
    }
  }
  uint32_t kept = lists.size() - first;
  if (kept <= 1) {
    uint32_t only = kept == 1 ? lists[first] : NeverExpr;
    lists.shrink(first);
    return only;
  }
  return exprs.add({ExprKind::Choice, first, kept, 0});
}

uint32_t Grammar::repeat(uint32_t expr, uint32_t least, uint32_t most) {
  if (most == 0 || expr == EmptyExpr || (expr == NeverExpr && least == 0)) {
    return EmptyExpr;
  }
  if (least > most || expr == NeverExpr) {
    return NeverExpr;
  }
  return least == 1 && most == 1 ? expr : exprs.add({ExprKind::Repeat, expr, least, most});
}

uint32_t Grammar::addRule(uint32_t origin) { return rules.add({NeverExpr, origin}); }

uint32_t Grammar::rule(uint32_t index) { return exprs.add({ExprKind::Rule, index, 0, 0}); }

bool Grammar::contains(const CharSet &set, uint32_t character) const {
  if (character < 0x80) {
    return set.ascii[character / 64] >> (character % 64) & 1;
  }
  return meets(set, character, character);
}

bool Grammar::meets(const CharSet &set, uint32_t low, uint32_t high) const {
  uint32_t from = 0, to = set.count; // the first range that does not end before `low`
  while (from < to) {
    uint32_t middle = (from + to) / 2;
    if (ranges[set.first + middle].high < low) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  return from < set.count && ranges[set.first + from].low <= high;
}

} // namespace lap
