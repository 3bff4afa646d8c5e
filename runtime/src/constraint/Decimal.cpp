//===- Decimal.cpp - exact decimal numbers --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See DigitRanges.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/DigitRanges.h"

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

} // namespace lap
