//===- Decimal.cpp - exact decimal numbers --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See DigitRanges.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/DigitRanges.h"

namespace lap {

namespace {

/// All digits of a number as written, and where its point is.
struct Digits {
  static constexpr uint32_t Most = 400;
  char all[Most];
  uint32_t first = 0, count = 0; // all[first .. count), no zeros at the ends
  int64_t point = 0;             // digits before the point, counted from all[0]
};

int64_t parseExponent(const char *text, uint32_t bytes, uint32_t at) {
  bool down = at < bytes && text[at] == '-';
  at += at < bytes && (down || text[at] == '+');
  int64_t exponent = 0;
  for (; at < bytes && exponent < 1000; ++at) {
    exponent = exponent * 10 + (text[at] - '0');
  }
  return down ? -exponent : exponent;
}

bool scan(const char *text, uint32_t bytes, Digits *out) {
  int64_t point = -1;
  uint32_t at = bytes != 0 && text[0] == '-';
  for (; at < bytes && (text[at] | 0x20) != 'e'; ++at) {
    if (text[at] == '.') {
      point = out->count;
    } else if (out->count < Digits::Most) {
      out->all[out->count++] = char(text[at] - '0');
    } else {
      return false;
    }
  }
  out->point = (point < 0 ? int64_t(out->count) : point) + (at < bytes ? parseExponent(text, bytes, at + 1) : 0);
  while (out->first < out->count && out->all[out->first] == 0) {
    ++out->first;
  }
  while (out->count > out->first && out->all[out->count - 1] == 0) {
    --out->count;
  }
  return true;
}

} // namespace

bool parseDecimal(const char *text, uint32_t bytes, Decimal *out) {
  Digits scanned;
  if (!scan(text, bytes, &scanned)) {
    return false;
  }
  *out = {};
  int64_t digits = scanned.count - scanned.first, whole = scanned.point - scanned.first, fraction = digits - whole;
  if (digits == 0) {
    return true;
  }
  if (whole > int64_t(Decimal::MaxDigits) || fraction > int64_t(Decimal::MaxDigits)) {
    return false;
  }
  out->negative = text[0] == '-';
  out->whole = whole > 0 ? uint32_t(whole) : 0;
  out->fraction = fraction > 0 ? uint32_t(fraction) : 0;
  for (uint32_t i = 0; i < out->whole + out->fraction; ++i) {
    int64_t from = whole > 0 ? int64_t(i) : int64_t(i) + whole; // leading zeros of 0.00x
    out->digits[i] = from >= 0 && from < digits ? scanned.all[scanned.first + uint32_t(from)] : char(0);
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
