//===- BFloat16.h - rounding to bfloat16 ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_COMMON_PACKING_BFLOAT16_H
#define LAPIDARY_TARGETS_COMMON_PACKING_BFLOAT16_H

#include <cstdint>
#include <cstring>

namespace lapidary {

/// Nearest, ties to even. Finite values only (the largest ones may round to infinity).
inline uint16_t toBFloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

inline float fromBFloat16(uint16_t bits) {
  uint32_t word = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &word, sizeof(value));
  return value;
}

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_PACKING_BFLOAT16_H
