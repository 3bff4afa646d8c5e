//===- SchemaNumber.cpp - numbers within exact bounds ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Ranges become choices over digits. A bound is compared digit by digit as text, so nothing is rounded; the digits that
// may be written are limited (15 before the point, 15 in all where there are bounds), so that reading a number as a
// double cannot carry it over a bound. Numbers with bounds have no exponent.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/SchemaTranslator.h"

namespace lap {

bool parseDecimal(const char *text, uint32_t bytes, Decimal *out) {
  constexpr uint32_t Most = 400;
  char all[Most];
  uint32_t count = 0, at = 0;
  int64_t point = -1, exponent = 0;
  out->negative = bytes != 0 && text[0] == '-';
  for (at = out->negative; at < bytes && (text[at] | 0x20) != 'e'; ++at) {
    if (text[at] == '.') {
      point = count;
    } else if (count < Most) {
      all[count++] = char(text[at] - '0');
    } else {
      return false;
    }
  }
  if (at < bytes) {
    bool down = text[++at] == '-';
    at += down || text[at] == '+';
    for (; at < bytes && exponent < 1000; ++at) {
      exponent = exponent * 10 + (text[at] - '0');
    }
    exponent = down ? -exponent : exponent;
  }
  point = (point < 0 ? int64_t(count) : point) + exponent;
  uint32_t first = 0;
  while (first < count && all[first] == 0) {
    ++first;
  }
  while (count > first && all[count - 1] == 0) {
    --count;
  }
  if (first == count) {
    *out = {};
    return true;
  }
  int64_t whole = point - first, digits = count - first;
  int64_t fraction = digits - whole;
  if (whole > int64_t(Decimal::MaxDigits) || fraction > int64_t(Decimal::MaxDigits)) {
    return false;
  }
  out->whole = whole > 0 ? uint32_t(whole) : 0;
  out->fraction = fraction > 0 ? uint32_t(fraction) : 0;
  for (uint32_t i = 0; i < out->whole + out->fraction; ++i) {
    int64_t from = whole > 0 ? int64_t(i) : int64_t(i) + whole; // leading zeros of 0.00x
    out->digits[i] = from >= 0 && from < digits ? all[first + uint32_t(from)] : char(0);
  }
  return true;
}

namespace {

int compareMagnitudes(const Decimal &a, const Decimal &b) {
  if (a.whole != b.whole) {
    return a.whole < b.whole ? -1 : 1;
  }
  uint32_t aDigits = a.whole + a.fraction, bDigits = b.whole + b.fraction;
  for (uint32_t i = 0; i < aDigits || i < bDigits; ++i) {
    char left = i < aDigits ? a.digits[i] : char(0), right = i < bDigits ? b.digits[i] : char(0);
    if (left != right) {
      return left < right ? -1 : 1;
    }
  }
  return 0;
}

/// Grammars of digits for one range of magnitudes.
class DigitRanges {
public:
  explicit DigitRanges(Grammar &grammar) : grammar(grammar) {}

  uint32_t digit(uint32_t low, uint32_t high) {
    if (low > high) {
      return Grammar::NeverExpr;
    }
    SetBuilder set;
    set.add('0' + low, '0' + high);
    return grammar.set(set);
  }
  uint32_t digits(uint32_t least, uint32_t most) { return grammar.repeat(digit(0, 9), least, most); }

  uint32_t whole(uint64_t low, uint64_t high);
  uint32_t fraction(const Decimal *low, bool withLow, const Decimal *high, bool withHigh, uint32_t idle);

private:
  struct Bounds {
    const Decimal *low, *high; // null: none
    bool withLow, withHigh;
    uint32_t idle; // digits that may follow when neither bound matters
  };
  uint32_t sameLength(const char *low, const char *high, uint32_t count);
  uint32_t atLeast(const char *low, uint32_t count);
  uint32_t atMost(const char *high, uint32_t count);
  uint32_t fractionDigits(const Bounds &bounds, uint32_t at);
  static uint32_t fractionDigit(const Decimal *bound, uint32_t at) {
    return at < bound->fraction ? uint32_t(bound->digits[bound->whole + at]) : 0;
  }
  static bool restIsZero(const Decimal *bound, uint32_t at) { return at >= bound->fraction; } // no idle zeros
  bool mayEnd(const Bounds &bounds, uint32_t at) const;

  Grammar &grammar;
};

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

uint32_t splitDigits(uint64_t value, char *out) {
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

uint64_t wholePart(const Decimal &value) {
  uint64_t whole = 0;
  for (uint32_t i = 0; i < value.whole; ++i) {
    whole = whole * 10 + uint64_t(value.digits[i]);
  }
  return whole;
}

/// Magnitudes low..high, both without sign.
uint32_t magnitudes(DigitRanges &ranges, Grammar &grammar, const NumberLimits &limits, bool whole) {
  uint64_t from = wholePart(limits.low), to = wholePart(limits.high);
  bool lowExact = limits.low.fraction == 0, highExact = limits.high.fraction == 0;
  if (whole) {
    from += !lowExact || !limits.withLow;
    if (highExact && !limits.withHigh) {
      if (to == 0) {
        return Grammar::NeverExpr;
      }
      --to;
    }
    return ranges.whole(from, to);
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
    return grammar.all(ranges.whole(from, to),
                       ranges.fraction(&limits.low, limits.withLow, &limits.high, limits.withHigh, idle));
  }
  uint32_t first =
      grammar.all(ranges.whole(from, from), ranges.fraction(&limits.low, limits.withLow, nullptr, false, idle));
  uint32_t between = grammar.all(ranges.whole(from + 1, to - 1), ranges.fraction(nullptr, false, nullptr, false, idle));
  uint32_t last =
      grammar.all(ranges.whole(to, to), ranges.fraction(nullptr, false, &limits.high, limits.withHigh, idle));
  return grammar.any(first, to > from + 1 ? between : uint32_t(Grammar::NeverExpr), last);
}

} // namespace

int compareDecimals(const Decimal &a, const Decimal &b) {
  bool aZero = a.whole + a.fraction == 0, bZero = b.whole + b.fraction == 0;
  if (aZero && bZero) {
    return 0;
  }
  bool aNegative = a.negative && !aZero, bNegative = b.negative && !bZero;
  if (aNegative != bNegative) {
    return aNegative ? -1 : 1;
  }
  int order = compareMagnitudes(a, b);
  return aNegative ? -order : order;
}

namespace {

/// Any number, without bounds.
uint32_t freeNumber(Grammar &grammar, DigitRanges &ranges, bool whole) {
  uint32_t integer = grammar.any(grammar.text("0"), grammar.all(ranges.digit(1, 9), ranges.digits(0, 14)));
  uint32_t number = grammar.all(grammar.optional(grammar.text("-")), integer);
  if (whole) {
    return number;
  }
  SetBuilder letters, signs;
  letters.addText("eE");
  signs.addText("+-");
  uint32_t exponent = grammar.all(grammar.set(letters), grammar.optional(grammar.set(signs)), ranges.digits(1, 2));
  uint32_t fraction = grammar.all(grammar.text("."), ranges.digits(1, 15));
  return grammar.all(number, grammar.optional(fraction), grammar.optional(exponent));
}

} // namespace

/// Narrows the limits by one bound; false if it is no number or has too many digits.
bool SchemaTranslator::addBound(uint32_t value, bool low, bool with, NumberLimits *limits) {
  Decimal bound;
  if (!json.is(value, JsonType::Number)) {
    refuse(value, "expected a number");
    return false;
  }
  if (!parseDecimal(json.textOf(json[value]), json[value].textBytes, &bound)) {
    refuse(value, "bounds have at most %u digits before and after the point", Decimal::MaxDigits);
    return false;
  }
  bool &have = low ? limits->haveLow : limits->haveHigh, &inclusive = low ? limits->withLow : limits->withHigh;
  Decimal &limit = low ? limits->low : limits->high;
  int order = have ? compareDecimals(bound, limit) : 0;
  if (!have || (low ? order > 0 : order < 0)) {
    limit = bound, inclusive = with, have = true;
  } else if (order == 0) {
    inclusive = inclusive && with;
  }
  return true;
}

bool SchemaTranslator::readLimits(const Conjunction &conjunction, NumberLimits *limits, bool *whole) {
  static const struct {
    const char *name;
    bool low, with;
  } kinds[] = {{"minimum", true, true},
               {"exclusiveMinimum", true, false},
               {"maximum", false, true},
               {"exclusiveMaximum", false, false}};
  const Decimal one = {false, 1, 0, {1}};
  for (const Conjunct &part : conjunction) {
    for (const auto &kind : kinds) {
      uint32_t value = json.find(part.schema, kind.name);
      if (value != NoJson && !addBound(value, kind.low, kind.with, limits)) {
        return false;
      }
    }
    uint32_t multiple = json.find(part.schema, "multipleOf");
    Decimal step;
    if (multiple == NoJson) {
      continue;
    }
    if (!json.is(multiple, JsonType::Number) ||
        !parseDecimal(json.textOf(json[multiple]), json[multiple].textBytes, &step) ||
        compareDecimals(step, one) != 0) {
      refuse(multiple, "only multipleOf 1 is supported");
      return false;
    }
    *whole = true;
  }
  return true;
}

/// Numbers from low to high; an end that is open is cut to 15 digits.
static uint32_t boundedNumber(Grammar &grammar, NumberLimits limits, bool whole) {
  DigitRanges ranges(grammar);
  Decimal far = {false, Decimal::MaxDigits, 0, {}};
  memset(far.digits, 9, Decimal::MaxDigits);
  if (!limits.haveHigh) {
    limits.high = far, limits.withHigh = true;
  }
  if (!limits.haveLow) {
    limits.low = far, limits.low.negative = true, limits.withLow = true;
  }
  const Decimal zero = {};
  int lowSign = compareDecimals(limits.low, zero), highSign = compareDecimals(limits.high, zero);
  NumberLimits positive = limits, negative = limits; // magnitudes of either sign
  negative.low = limits.high, negative.withLow = limits.withHigh;
  negative.high = limits.low, negative.withHigh = limits.withLow;
  if (lowSign < 0) {
    positive.low = zero, positive.withLow = true;
  }
  if (highSign >= 0) {
    negative.low = zero, negative.withLow = false; // 0 is written without a sign
  }
  uint32_t above = highSign >= 0 ? magnitudes(ranges, grammar, positive, whole) : uint32_t(Grammar::NeverExpr);
  uint32_t below = lowSign < 0 ? grammar.all(grammar.text("-"), magnitudes(ranges, grammar, negative, whole))
                               : uint32_t(Grammar::NeverExpr);
  return grammar.any(above, below);
}

uint32_t SchemaTranslator::numberOf(const Conjunction &conjunction, bool whole) {
  NumberLimits limits = {};
  if (!readLimits(conjunction, &limits, &whole)) {
    return Grammar::NeverExpr;
  }
  if (limits.haveLow || limits.haveHigh) {
    return boundedNumber(grammar, limits, whole);
  }
  uint32_t rule;
  if (!findShared(whole ? SharedKind::Integer : SharedKind::Number, 0, 0, &rule)) {
    DigitRanges ranges(grammar);
    grammar.define(rule, freeNumber(grammar, ranges, whole));
  }
  return grammar.rule(rule);
}

} // namespace lap
