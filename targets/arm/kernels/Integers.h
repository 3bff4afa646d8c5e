//===- Integers.h - the integers of a tile's bytes ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// In stretches of 32 columns (targets/common/kernels/StretchOrder.h), integers in two's complement but those of 2 bits.
// A vector of 16 bytes, 4 rows, gives for each field 4 columns of 4 rows, in the order that a dot product by lanes
// takes. Integers are taken out in one of two ways:
//   in place   one instruction a field, at 1, 4 or 16 times the value; fields of the same multiple share a sum
//   by value   what is kept in memory for many rows of activations
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_INTEGERS_H
#define LAPIDARY_TARGETS_ARM_KERNELS_INTEGERS_H

#include "targets/common/kernels/StretchOrder.h"
#include "targets/common/kernels/Unroll.h"

#include <arm_neon.h>

namespace lap::arm {

using kernels::stretchBlocks;
using kernels::stretchBytes;
using kernels::StretchColumns;
using kernels::StretchQuads;
using kernels::unrolled;

constexpr int RowQuads = LAP_ROW_TILE / 4; // vectors of four rows in a tile

/// Integers of 8 bits.
struct Bytes {
  static constexpr int sums = 1, zero = 0;
  static constexpr int sumOf(int) { return 0; }
  static constexpr int sumShift(int) { return 0; }
  template <int Field> LAPIDARY_INLINE static int8x16_t inPlace(uint8x16_t bytes) { return vreinterpretq_s8_u8(bytes); }
  template <int Field> LAPIDARY_INLINE static int8x16_t byValue(uint8x16_t bytes) { return vreinterpretq_s8_u8(bytes); }
};

/// Two of 4 bits; both are in the upper half of a byte when in place.
struct Nibbles {
  static constexpr int sums = 1, zero = 0;
  static constexpr int sumOf(int) { return 0; }
  static constexpr int sumShift(int) { return 4; }
  template <int Field> LAPIDARY_INLINE static int8x16_t inPlace(uint8x16_t bytes) {
    return vreinterpretq_s8_u8(Field == 0 ? vshlq_n_u8(bytes, 4) : vandq_u8(bytes, vdupq_n_u8(0xf0)));
  }
  template <int Field> LAPIDARY_INLINE static int8x16_t byValue(uint8x16_t bytes) {
    return vshrq_n_s8(inPlace<Field>(bytes), 4);
  }
};

/// Four of 2 bits, stored + 2: only the uppermost could be signed in place, and a mask costs less than two shifts.
struct Crumbs {
  static constexpr int sums = 3, zero = 2;
  static constexpr int sumOf(int field) { return field % 3; } // the uppermost field is shifted down to the lowest
  static constexpr int sumShift(int sum) { return 2 * sum; }
  template <int Field> LAPIDARY_INLINE static int8x16_t inPlace(uint8x16_t bytes) {
    return vreinterpretq_s8_u8(Field == 3 ? vshrq_n_u8(bytes, 6) : vandq_u8(bytes, vdupq_n_u8(3 << Field * 2)));
  }
  template <int Field> LAPIDARY_INLINE static int8x16_t byValue(uint8x16_t bytes) {
    uint8x16_t stored = Field == 3 ? vshrq_n_u8(bytes, 6) : vandq_u8(bytes, vdupq_n_u8(3 << Field * 2));
    if constexpr (Field == 1 || Field == 2) {
      stored = vshrq_n_u8(stored, 2 * Field);
    }
    return vsubq_s8(vreinterpretq_s8_u8(stored), vdupq_n_s8(zero));
  }
};

/// The integers of a format, which has `fields` of them in a byte.
template <int Fields> struct IntegersOf;
template <> struct IntegersOf<1> : Bytes {};
template <> struct IntegersOf<2> : Nibbles {};
template <> struct IntegersOf<4> : Crumbs {};
template <lap_format Format>
struct Stretch : kernels::StretchOrder<Format>, IntegersOf<kernels::StretchOrder<Format>::fields> {};

/// One vector of four rows by value: quads[i] is columns 4i..4i+3 of the stretch whose bytes for these rows start at
/// `from`.
template <lap_format Format> LAPIDARY_INLINE void unpackRows(const uint8_t *from, int8x16_t (&quads)[StretchQuads]) {
  using Integers = Stretch<Format>;
  unrolled<stretchBlocks<Format>()>([&](auto block) {
    const uint8x16_t bytes = vld1q_u8(from + block * LAP_ROW_TILE * 4);
    unrolled<Integers::fields>([&](auto field) {
      quads[Integers::quad(block, field)] = Integers::template byValue<decltype(field)::value>(bytes);
    });
  });
}

} // namespace lap::arm

#endif // LAPIDARY_TARGETS_ARM_KERNELS_INTEGERS_H
