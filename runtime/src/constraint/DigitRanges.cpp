//===- DigitRanges.cpp - numbers between bounds as grammars ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See DigitRanges.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/DigitRanges.h"

namespace lap {

uint32_t DigitRanges::atLeast(const char *low, uint32_t count) {
  uint32_t result = Grammar::EmptyExpr; // from the last digit to the first
  for (uint32_t i = count; i-- > 0;) {
    uint32_t same = grammar.all(digit(uint32_t(low[i]), uint32_t(low[i])), result);
    uint32_t above = grammar.all(digit(uint32_t(low[i]) + 1, 9), digits(count - i - 1, count - i - 1));
    result = grammar.any(same, above);
  }
  return result;
}

uint32_t DigitRanges::atMost(const char *high, uint32_t count) {
  uint32_t result = Grammar::EmptyExpr;
  for (uint32_t i = count; i-- > 0;) {
    uint32_t same = grammar.all(digit(uint32_t(high[i]), uint32_t(high[i])), result);
    uint32_t below = high[i] == 0 ? Grammar::NeverExpr
                                  : grammar.all(digit(0, uint32_t(high[i]) - 1), digits(count - i - 1, count - i - 1));
    result = grammar.any(same, below);
  }
  return result;
}

uint32_t DigitRanges::sameLength(const char *low, const char *high, uint32_t count) {
  uint32_t same = 0;
  while (same < count && low[same] == high[same]) {
    ++same;
  }
  uint32_t result = Grammar::EmptyExpr;
  if (same < count) {
    uint32_t rest = count - same - 1, first = uint32_t(low[same]), last = uint32_t(high[same]);
    result = grammar.any(grammar.all(digit(first, first), atLeast(low + same + 1, rest)),
                         grammar.all(digit(first + 1, last - 1), digits(rest, rest)),
                         grammar.all(digit(last, last), atMost(high + same + 1, rest)));
  }
  for (uint32_t i = same; i-- > 0;) {
    result = grammar.all(digit(uint32_t(low[i]), uint32_t(low[i])), result);
  }
  return result;
}

static uint32_t splitDigits(uint64_t value, char *out) {
  char reversed[20];
  uint32_t count = 0;
  do {
    reversed[count++] = char(value % 10);
    value /= 10;
  } while (value != 0);
  for (uint32_t i = 0; i < count; ++i) {
    out[i] = reversed[count - 1 - i];
  }
  return count;
}

/// Whole numbers low..high without sign or leading zeros; Never if low > high.
uint32_t DigitRanges::whole(uint64_t low, uint64_t high) {
  if (low > high) {
    return Grammar::NeverExpr;
  }
  char from[20], to[20];
  uint32_t fromCount = splitDigits(low, from), toCount = splitDigits(high, to);
  if (fromCount == toCount) {
    return sameLength(from, to, fromCount);
  }
  uint32_t longest = grammar.all(digit(1, 1), Grammar::EmptyExpr);
  char one[20] = {1}; // 1000...
  longest = sameLength(one, to, toCount);
  uint32_t between =
      fromCount + 1 < toCount ? grammar.all(digit(1, 9), digits(fromCount, toCount - 2)) : uint32_t(Grammar::NeverExpr);
  return grammar.any(atLeast(from, fromCount), between, longest);
}

/// Whether the number may end after `at` digits of the fraction that equal those of the bounds.
bool DigitRanges::mayEnd(const Bounds &bounds, uint32_t at) const {
  bool above = !bounds.low || (restIsZero(bounds.low, at) && bounds.withLow);
  bool below = !bounds.high || !restIsZero(bounds.high, at) || bounds.withHigh;
  return above && below;
}

/// At least one digit, after `at` digits that equal those of the bounds (as far as there are bounds).
uint32_t DigitRanges::fractionDigits(const Bounds &bounds, uint32_t at) {
  bool lowDone = !bounds.low || restIsZero(bounds.low, at), highDone = !bounds.high || restIsZero(bounds.high, at);
  if (!bounds.low && !bounds.high) {
    return digits(1, bounds.idle + 1);
  }
  if (lowDone && highDone) { // what is left is zero in both
    uint32_t zeros = grammar.repeat(digit(0, 0), 0, 2);
    if (bounds.high) {
      return mayEnd(bounds, at) ? grammar.all(digit(0, 0), zeros) : uint32_t(Grammar::NeverExpr);
    }
    return bounds.withLow ? digits(1, bounds.idle + 1) : grammar.all(zeros, digit(1, 9), digits(0, bounds.idle));
  }
  uint32_t low = bounds.low ? fractionDigit(bounds.low, at) : 0,
           high = bounds.high ? fractionDigit(bounds.high, at) : 9;
  Array<uint32_t> choices(16);
  for (uint32_t d = low; d <= high; ++d) {
    Bounds rest = bounds;
    rest.low = bounds.low && d == low ? bounds.low : nullptr;
    rest.high = bounds.high && d == high ? bounds.high : nullptr;
    if (!rest.low && !rest.high) { // the digits between the bounds, together
      uint32_t last = bounds.high ? high - 1 : high;
      choices.add(grammar.all(digit(d, last), digits(0, bounds.idle)));
      d = last;
      continue;
    }
    uint32_t more = fractionDigits(rest, at + 1);
    uint32_t end = mayEnd(rest, at + 1) ? grammar.optional(more) : more;
    choices.add(grammar.all(digit(d, d), end));
  }
  return grammar.choice(choices.begin(), choices.size());
}

/// The point and digits of a number whose whole part equals that of the bounds given.
uint32_t DigitRanges::fraction(const Decimal *low, bool withLow, const Decimal *high, bool withHigh, uint32_t idle) {
  Bounds bounds = {low, high, withLow, withHigh, idle};
  uint32_t written = grammar.all(grammar.text("."), fractionDigits(bounds, 0));
  return mayEnd(bounds, 0) ? grammar.optional(written) : written;
}

static uint64_t wholePart(const Decimal &value) {
  uint64_t whole = 0;
  for (uint32_t i = 0; i < value.whole; ++i) {
    whole = whole * 10 + uint64_t(value.digits[i]);
  }
  return whole;
}

uint32_t DigitRanges::magnitudes(const NumberLimits &limits, bool noFraction) {
  uint64_t from = wholePart(limits.low), to = wholePart(limits.high);
  bool lowExact = limits.low.fraction == 0, highExact = limits.high.fraction == 0;
  if (noFraction) {
    from += !lowExact || !limits.withLow;
    if (highExact && !limits.withHigh) {
      if (to == 0) {
        return Grammar::NeverExpr;
      }
      --to;
    }
    return whole(from, to);
  }
  int order = compareMagnitudes(limits.low, limits.high);
  if (order > 0 || (order == 0 && !(limits.withLow && limits.withHigh))) {
    return Grammar::NeverExpr;
  }
  uint32_t used =
      limits.high.whole + (limits.low.fraction > limits.high.fraction ? limits.low.fraction : limits.high.fraction);
  uint32_t idle = used < Decimal::MaxDigits - 1 ? Decimal::MaxDigits - 1 - used : 0;
  idle = idle < 6 ? idle : 6;
  if (from == to) {
    return grammar.all(whole(from, to), fraction(&limits.low, limits.withLow, &limits.high, limits.withHigh, idle));
  }
  uint32_t first = grammar.all(whole(from, from), fraction(&limits.low, limits.withLow, nullptr, false, idle));
  uint32_t between = grammar.all(whole(from + 1, to - 1), fraction(nullptr, false, nullptr, false, idle));
  uint32_t last = grammar.all(whole(to, to), fraction(nullptr, false, &limits.high, limits.withHigh, idle));
  return grammar.any(first, to > from + 1 ? between : uint32_t(Grammar::NeverExpr), last);
}

} // namespace lap
