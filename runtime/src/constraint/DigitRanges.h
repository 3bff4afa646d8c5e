//===- DigitRanges.h - numbers between bounds as grammars -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Ranges become choices over digits. A bound is compared digit by digit as text, so nothing is rounded; the digits that
// may be written are limited (15 before the point, 15 in all where there are bounds), so that reading a number as a
// double cannot carry it over a bound.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_DIGITRANGES_H
#define LAPIDARY_RUNTIME_CONSTRAINT_DIGITRANGES_H

#include "runtime/src/constraint/Grammar.h"

namespace lap {

/// A decimal number: sign, digits before and after the point.
struct Decimal {
  static constexpr uint32_t MaxDigits = 15;
  bool negative;
  uint32_t whole, fraction;   // how many digits there are of each; no idle zeros
  char digits[2 * MaxDigits]; // 0..9
};

/// Bounds of a number; low and high mean nothing without haveLow and haveHigh.
struct NumberLimits {
  Decimal low, high;
  bool haveLow, haveHigh;
  bool withLow, withHigh; // the bound itself is allowed
};

/// Reads the text of a JSON number; false if it has more than Decimal::MaxDigits digits before or after the point.
bool parseDecimal(const char *text, uint32_t bytes, Decimal *out);
/// -1, 0, 1.
int compareDecimals(const Decimal &a, const Decimal &b);

/// The same without the signs.
int compareMagnitudes(const Decimal &a, const Decimal &b);

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

  /// Whole numbers low..high without sign or leading zeros; Never if low > high.
  uint32_t whole(uint64_t low, uint64_t high);
  /// Numbers between the magnitudes of limits.low and limits.high, without sign.
  uint32_t magnitudes(const NumberLimits &limits, bool noFraction);

private:
  uint32_t fraction(const Decimal *low, bool withLow, const Decimal *high, bool withHigh, uint32_t idle);

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

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_DIGITRANGES_H
