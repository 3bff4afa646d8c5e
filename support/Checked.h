//===- Checked.h - arithmetic on numbers that come from files ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every loader overflow that was ever exploited was a plain `*` or `+` on a number read from a file. Numbers that
// come from a file are added and multiplied only here, and an overflow is std::nullopt, which the caller reports.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_SUPPORT_CHECKED_H
#define LAPIDARY_SUPPORT_CHECKED_H

#include <cstdint>
#include <optional>

namespace lapidary {

/// a + b, or nothing when the sum does not fit 64 bits.
inline std::optional<uint64_t> checkedAdd(uint64_t a, uint64_t b) {
  uint64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) {
    return std::nullopt;
  }
  return sum;
}

/// a * b, or nothing when the product does not fit 64 bits.
inline std::optional<uint64_t> checkedMul(uint64_t a, uint64_t b) {
  uint64_t product;
  if (__builtin_mul_overflow(a, b, &product)) {
    return std::nullopt;
  }
  return product;
}

} // namespace lapidary

#endif // LAPIDARY_SUPPORT_CHECKED_H
