//===- Integers.h - the integers of a tile's bytes ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// In stretches of 32 columns (targets/common/kernels/StretchOrder.h), integers in offset code. A vector of a pair of
// tiles gives for each field four columns, a quad, of 32 rows. Integers are taken out in one of two ways:
//   in place   one instruction a field; those that are left at a multiple of their value have a sum of their own
//   by value   what is kept in registers for many rows of activations
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_INTEGERS_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_INTEGERS_H

#include "targets/common/kernels/StretchOrder.h"
#include "targets/hexagon/kernels/Hvx.h"

namespace lap::hexagon {

using kernels::stretchBlocks;
using kernels::stretchBytes;
using kernels::StretchColumns;
using kernels::StretchQuads;

/// `bits` set in every byte.
LAPIDARY_INLINE HVX_Vector everyByte(int bits) { return splat(bits * 0x01010101); }

/// Integers of 8 bits. Two sums, because an instruction cannot wait for another of its packet.
struct Bytes {
  static constexpr int sums = 2, zero = 128;
  static constexpr int sumOf(int quad, int) { return quad % 2; }
  static constexpr int sumShift(int) { return 0; }
  template <int> LAPIDARY_INLINE static HVX_Vector inPlace(HVX_Vector bytes) { return bytes; }
  template <int> LAPIDARY_INLINE static HVX_Vector byValue(HVX_Vector bytes) { return bytes; }
};

/// Two of 4 bits.
struct Nibbles {
  static constexpr int sums = 2, zero = 8;
  static constexpr int sumOf(int quad, int) { return quad % 2; }
  static constexpr int sumShift(int) { return 0; }
  template <int Field> LAPIDARY_INLINE static HVX_Vector inPlace(HVX_Vector bytes) {
    return Field == 0 ? Q6_V_vand_VV(bytes, everyByte(15)) : Q6_Vub_vlsr_VubR(bytes, 4);
  }
  template <int Field> LAPIDARY_INLINE static HVX_Vector byValue(HVX_Vector bytes) { return inPlace<Field>(bytes); }
};

/// Four of 2 bits; those in the middle stay where they are.
struct Crumbs {
  static constexpr int sums = 3, zero = 2;
  static constexpr int sumOf(int, int field) { return field % 3; }
  static constexpr int sumShift(int sum) { return 2 * sum; }
  template <int Field> LAPIDARY_INLINE static HVX_Vector inPlace(HVX_Vector bytes) {
    return Field == 3 ? Q6_Vub_vlsr_VubR(bytes, 6) : Q6_V_vand_VV(bytes, everyByte(3 << Field * 2));
  }
  template <int Field> LAPIDARY_INLINE static HVX_Vector byValue(HVX_Vector bytes) {
    if constexpr (Field == 1 || Field == 2) {
      return Q6_V_vand_VV(Q6_Vub_vlsr_VubR(bytes, 2 * Field), everyByte(3));
    }
    return inPlace<Field>(bytes);
  }
};

/// The integers of a format, which has `fields` of them in a byte.
template <int Fields> struct IntegersOf;
template <> struct IntegersOf<1> : Bytes {};
template <> struct IntegersOf<2> : Nibbles {};
template <> struct IntegersOf<4> : Crumbs {};
template <lap_format Format>
struct Stretch : kernels::StretchOrder<Format>, IntegersOf<kernels::StretchOrder<Format>::fields> {};

/// Calls take(Index<block>, vector) for the blocks of a stretch of two tiles.
template <lap_format Format, typename Take>
LAPIDARY_INLINE void forBlocks(const uint8_t *first, const uint8_t *second, Take &&take) {
  unrolled<stretchBlocks<Format>() / 2>([&](auto i) {
    const BlockPair pair = loadPair(first + i * VectorBytes, second + i * VectorBytes);
    take(kernels::Index<2 * decltype(i)::value>(), pair.blocks[0]);
    take(kernels::Index<2 * decltype(i)::value + 1>(), pair.blocks[1]);
  });
}

/// The sums of 32 rows with Planes planes of one row of activations.
template <lap_format Format, int Planes> struct StretchSums {
  using Integers = Stretch<Format>;
  HVX_Vector sums[Planes][Integers::sums];

  LAPIDARY_INLINE StretchSums() {
    unrolled<Planes>([&](auto p) { unrolled<Integers::sums>([&](auto s) { sums[p][s] = Q6_V_vzero(); }); });
  }

  /// Adds 32 columns of two tiles. x: the first plane's values.
  LAPIDARY_INLINE void add(const uint8_t *first, const uint8_t *second, const int8_t *x, int planeBytes) {
    forBlocks<Format>(first, second, [&](auto block, HVX_Vector bytes) {
      unrolled<Integers::fields>([&](auto field) {
        constexpr int quad = Integers::quad(decltype(block)::value, decltype(field)::value);
        constexpr int sum = Integers::sumOf(quad, decltype(field)::value);
        const HVX_Vector weights = Integers::template inPlace<decltype(field)::value>(bytes);
        unrolled<Planes>([&](auto p) {
          sums[p][sum] = multiplyAdd(sums[p][sum], weights, StretchValues(x + p * planeBytes).quad(quad));
        });
      });
    });
  }

  /// The dots with the stored integers; exact, because what is shifted out is 0.
  LAPIDARY_INLINE HVX_Vector dot(int plane) const {
    HVX_Vector all = sums[plane][0];
    unrolled<Integers::sums - 1>(
        [&](auto i) { all = Q6_Vw_vadd_VwVw(all, Q6_Vw_vasr_VwR(sums[plane][i + 1], Integers::sumShift(i + 1))); });
    return all;
  }
};

/// The integers of a stretch by value, a vector a quad.
template <lap_format Format> struct StretchWeights {
  HVX_Vector quads[StretchQuads];

  LAPIDARY_INLINE StretchWeights(const uint8_t *first, const uint8_t *second) {
    forBlocks<Format>(first, second, [&](auto block, HVX_Vector bytes) {
      unrolled<Stretch<Format>::fields>([&](auto field) {
        quads[Stretch<Format>::quad(block, field)] = Stretch<Format>::template byValue<decltype(field)::value>(bytes);
      });
    });
  }
};

/// Adds a stretch to the sums of Count rows of activations; columns in the outer loop, so that sums take turns.
template <lap_format Format, int Count>
LAPIDARY_INLINE void addToRows(const StretchWeights<Format> &weights, const int8_t *const (&x)[Count], int at,
                               HVX_Vector (&sums)[Count]) {
  unrolled<StretchQuads / 2>([&](auto i) {
    unrolled<Count>([&](auto row) {
      const uint64_t values = reinterpret_cast<const uint64_t *>(x[row] + at)[i];
      sums[row] = multiplyAdd(sums[row], weights.quads[2 * i], static_cast<uint32_t>(values));
      sums[row] = multiplyAdd(sums[row], weights.quads[2 * i + 1], static_cast<uint32_t>(values >> 32));
    });
  });
}

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_INTEGERS_H
