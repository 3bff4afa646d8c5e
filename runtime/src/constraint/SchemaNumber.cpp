//===- SchemaNumber.cpp - numbers and their bounds ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See DigitRanges.h for what a range becomes. Numbers with bounds have no exponent.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/SchemaTranslator.h"

namespace lap {

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
  uint32_t above = highSign >= 0 ? ranges.magnitudes(positive, whole) : uint32_t(Grammar::NeverExpr);
  uint32_t below =
      lowSign < 0 ? grammar.all(grammar.text("-"), ranges.magnitudes(negative, whole)) : uint32_t(Grammar::NeverExpr);
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
