//===- Several.h - vectors side by side -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The steps of a float function wait for each other, and an instruction waits for the packet before it. Several<V,
// Count> has V's interface for Count * 32 lanes, each operation being Count independent ones: a function that is a
// template over the vector then fills packets without knowing of it.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_SEVERAL_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_SEVERAL_H

#include "targets/common/kernels/Unroll.h"

#include <stdint.h>

namespace lap::hexagon {

template <typename V, int Count> struct Several {
  static constexpr int Lanes = Count * V::Lanes;
  static constexpr bool roundsToNearest = V::roundsToNearest;
  template <typename T> struct Parts {
    T parts[Count];
  };
  struct Float : Parts<typename V::Float> {};
  struct Word : Parts<typename V::Word> {};
  struct Mask : Parts<typename V::Mask> {};

  /// The parts part(0), part(1), ..
  template <typename To, typename Part> LAPIDARY_INLINE static To each(Part &&part) {
    To to;
    kernels::unrolled<Count>([&](auto i) { to.parts[i] = part(i); });
    return to;
  }

  LAPIDARY_INLINE static Float splat(float value) {
    return each<Float>([&](auto) { return V::splat(value); });
  }
  LAPIDARY_INLINE static Float load(const float *from) {
    return each<Float>([&](auto i) { return V::load(from + i * V::Lanes); });
  }
  LAPIDARY_INLINE static void store(const Float &value, float *to) {
    kernels::unrolled<Count>([&](auto i) { V::store(value.parts[i], to + i * V::Lanes); });
  }
  LAPIDARY_INLINE static Float add(const Float &a, const Float &b) {
    return each<Float>([&](auto i) { return V::add(a.parts[i], b.parts[i]); });
  }
  LAPIDARY_INLINE static Float sub(const Float &a, const Float &b) {
    return each<Float>([&](auto i) { return V::sub(a.parts[i], b.parts[i]); });
  }
  LAPIDARY_INLINE static Float mul(const Float &a, const Float &b) {
    return each<Float>([&](auto i) { return V::mul(a.parts[i], b.parts[i]); });
  }
  LAPIDARY_INLINE static Float mulAdd(const Float &a, const Float &b, const Float &c) {
    return each<Float>([&](auto i) { return V::mulAdd(a.parts[i], b.parts[i], c.parts[i]); });
  }
  LAPIDARY_INLINE static Float least(const Float &a, const Float &b) {
    return each<Float>([&](auto i) { return V::least(a.parts[i], b.parts[i]); });
  }
  LAPIDARY_INLINE static Float most(const Float &a, const Float &b) {
    return each<Float>([&](auto i) { return V::most(a.parts[i], b.parts[i]); });
  }
  LAPIDARY_INLINE static Mask isLess(const Float &a, const Float &b) {
    return each<Mask>([&](auto i) { return V::isLess(a.parts[i], b.parts[i]); });
  }
  LAPIDARY_INLINE static Mask isLessWord(const Word &a, const Word &b) {
    return each<Mask>([&](auto i) { return V::isLessWord(a.parts[i], b.parts[i]); });
  }
  LAPIDARY_INLINE static Float select(const Mask &mask, const Float &a, const Float &b) {
    return each<Float>([&](auto i) { return V::select(mask.parts[i], a.parts[i], b.parts[i]); });
  }

  LAPIDARY_INLINE static Word bits(const Float &a) {
    return each<Word>([&](auto i) { return V::bits(a.parts[i]); });
  }
  LAPIDARY_INLINE static Float fromBits(const Word &a) {
    return each<Float>([&](auto i) { return V::fromBits(a.parts[i]); });
  }
  LAPIDARY_INLINE static Word splatWord(int32_t value) {
    return each<Word>([&](auto) { return V::splatWord(value); });
  }
  LAPIDARY_INLINE static Word loadWords(const int32_t *from) {
    return each<Word>([&](auto i) { return V::loadWords(from + i * V::Lanes); });
  }
  LAPIDARY_INLINE static Float toFloat(const Word &a) {
    return each<Float>([&](auto i) { return V::toFloat(a.parts[i]); });
  }
  LAPIDARY_INLINE static Float nearestFloat(const Word &a) {
    return each<Float>([&](auto i) { return V::nearestFloat(a.parts[i]); });
  }
  LAPIDARY_INLINE static Word plus(const Word &a, const Word &b) {
    return each<Word>([&](auto i) { return V::plus(a.parts[i], b.parts[i]); });
  }
  LAPIDARY_INLINE static Word minus(const Word &a, const Word &b) {
    return each<Word>([&](auto i) { return V::minus(a.parts[i], b.parts[i]); });
  }
  LAPIDARY_INLINE static Word both(const Word &a, const Word &b) {
    return each<Word>([&](auto i) { return V::both(a.parts[i], b.parts[i]); });
  }
  LAPIDARY_INLINE static Word either(const Word &a, const Word &b) {
    return each<Word>([&](auto i) { return V::either(a.parts[i], b.parts[i]); });
  }
  LAPIDARY_INLINE static Word shiftLeft(const Word &a, int count) {
    return each<Word>([&](auto i) { return V::shiftLeft(a.parts[i], count); });
  }
  LAPIDARY_INLINE static Word shiftRight(const Word &a, int count) {
    return each<Word>([&](auto i) { return V::shiftRight(a.parts[i], count); });
  }
  LAPIDARY_INLINE static bool any(const Mask &mask) {
    typename V::Mask all = mask.parts[0];
    kernels::unrolled<Count - 1>([&](auto i) { all = V::eitherMask(all, mask.parts[i + 1]); });
    return V::any(all);
  }
  /// The low bytes of the words; with two places, those above them to the second. to: Lanes bytes each.
  template <typename... To> LAPIDARY_INLINE static void storeBytes(const Word &a, To *...to) {
    if constexpr (Count % 4 == 0) {
      kernels::unrolled<Count / 4>([&](auto i) {
        const typename V::Word four[] = {a.parts[4 * i], a.parts[4 * i + 1], a.parts[4 * i + 2], a.parts[4 * i + 3]};
        V::storeBytes(four, to + 4 * i * V::Lanes...);
      });
    } else {
      V::storeBytes(a.parts, to...);
    }
  }
};

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_SEVERAL_H
