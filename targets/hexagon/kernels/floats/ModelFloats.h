//===- ModelFloats.h - 32 floats in an array --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The interface of HvxFloats.h in plain C++, so that the kernels that are written against it run where no HVX floats
// are: on the machine that builds, and under an emulator. Arithmetic is one of two:
//   nearest       IEEE single, as version 79 documents it
//   toward zero   every operation cut off: worse than any rounding that qf32 is documented to have, and always to one
//                 side. What passes the tests so passes them on versions 68 to 75, whatever their last bits are.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_MODELFLOATS_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_MODELFLOATS_H

#include "targets/hexagon/kernels/Kernel.h"

/// On a machine without vectors of floats an operation is a call of a loop: inlined and unrolled, a kernel is tens of
/// thousands of scalar instructions in one function, and the compiler takes minutes over it.
#ifdef __hexagon__
#define LAPIDARY_MODEL_OPERATION [[gnu::noinline]] static
#else
#define LAPIDARY_MODEL_OPERATION static
#endif

namespace lap::hexagon {

enum class ModelRounding { Nearest, TowardZero };

/// `rounded`, the nearest float of an exact value, or the next one toward zero if that is nearer to zero than the
/// value. error: the exact value less `rounded`, or a float of its sign.
LAPIDARY_INLINE float towardZero(float rounded, float error) {
  const bool grew = rounded > 0.0f ? error < 0.0f : error > 0.0f;
  return __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, rounded) - (grew && rounded != 0.0f));
}

template <ModelRounding Rounding> struct ModelFloats {
  static constexpr int Lanes = 32;
  static constexpr bool roundsToNearest = Rounding == ModelRounding::Nearest;
  template <typename T> struct Vector {
    T lanes[Lanes];
  };
  struct Float : Vector<float> {};
  struct Word : Vector<int32_t> {};
  struct Mask : Vector<bool> {};

  /// A vector whose lane i is value(i).
  template <typename To, typename Value> LAPIDARY_INLINE static To each(Value &&value) {
    To to;
#ifdef __hexagon__
#pragma clang loop unroll(disable)
#endif
    for (int i = 0; i < Lanes; ++i) {
      to.lanes[i] = value(i);
    }
    return to;
  }

  LAPIDARY_INLINE static float add1(float a, float b) {
    const float sum = a + b, part = sum - a; // Knuth's TwoSum; b and the rest are exact
    return Rounding == ModelRounding::Nearest ? sum : towardZero(sum, (a - (sum - part)) + (b - part));
  }
  LAPIDARY_INLINE static float mul1(float a, float b) {
    const float product = a * b;
    return Rounding == ModelRounding::Nearest ? product : towardZero(product, __builtin_fmaf(a, b, -product));
  }

  LAPIDARY_MODEL_OPERATION Float splat(float value) {
    return each<Float>([&](int) { return value; });
  }
  LAPIDARY_MODEL_OPERATION Float load(const float *from) {
    return each<Float>([&](int i) { return from[i]; });
  }
  LAPIDARY_MODEL_OPERATION void store(const Float &value, float *to) {
    __builtin_memcpy(to, value.lanes, sizeof(value.lanes));
  }
  LAPIDARY_MODEL_OPERATION Float add(const Float &a, const Float &b) {
    return each<Float>([&](int i) { return add1(a.lanes[i], b.lanes[i]); });
  }
  LAPIDARY_MODEL_OPERATION Float sub(const Float &a, const Float &b) {
    return each<Float>([&](int i) { return add1(a.lanes[i], -b.lanes[i]); });
  }
  LAPIDARY_MODEL_OPERATION Float mul(const Float &a, const Float &b) {
    return each<Float>([&](int i) { return mul1(a.lanes[i], b.lanes[i]); });
  }
  static Float mulAdd(const Float &a, const Float &b, const Float &c) { return add(mul(a, b), c); }
  LAPIDARY_MODEL_OPERATION Float least(const Float &a, const Float &b) {
    return each<Float>([&](int i) { return a.lanes[i] < b.lanes[i] ? a.lanes[i] : b.lanes[i]; });
  }
  LAPIDARY_MODEL_OPERATION Float most(const Float &a, const Float &b) {
    return each<Float>([&](int i) { return a.lanes[i] < b.lanes[i] ? b.lanes[i] : a.lanes[i]; });
  }
  LAPIDARY_MODEL_OPERATION Mask isLess(const Float &a, const Float &b) {
    return each<Mask>([&](int i) { return a.lanes[i] < b.lanes[i]; });
  }
  LAPIDARY_MODEL_OPERATION Float select(const Mask &mask, const Float &a, const Float &b) {
    return each<Float>([&](int i) { return mask.lanes[i] ? a.lanes[i] : b.lanes[i]; });
  }
  LAPIDARY_MODEL_OPERATION Float swapHalves(const Float &a) {
    return each<Float>([&](int i) { return a.lanes[(i + Lanes / 2) % Lanes]; });
  }
  LAPIDARY_MODEL_OPERATION bool any(const Mask &mask) {
    bool found = false;
    for (bool lane : mask.lanes) {
      found |= lane;
    }
    return found;
  }

  static Word bits(const Float &a) { return __builtin_bit_cast(Word, a); }
  static Float fromBits(const Word &a) { return __builtin_bit_cast(Float, a); }
  LAPIDARY_MODEL_OPERATION Word splatWord(int32_t value) {
    return each<Word>([&](int) { return value; });
  }
  LAPIDARY_MODEL_OPERATION Word loadWords(const int32_t *from) {
    return each<Word>([&](int i) { return from[i]; });
  }
  /// value(a, b) of the lanes as unsigned numbers, which may overflow.
  template <typename Value> LAPIDARY_INLINE static Word combine(const Word &a, const Word &b, Value &&value) {
    return each<Word>([&](int i) {
      return static_cast<int32_t>(value(static_cast<uint32_t>(a.lanes[i]), static_cast<uint32_t>(b.lanes[i])));
    });
  }
  LAPIDARY_MODEL_OPERATION Word plus(const Word &a, const Word &b) {
    return combine(a, b, [](uint32_t x, uint32_t y) { return x + y; });
  }
  LAPIDARY_MODEL_OPERATION Word minus(const Word &a, const Word &b) {
    return combine(a, b, [](uint32_t x, uint32_t y) { return x - y; });
  }
  LAPIDARY_MODEL_OPERATION Word both(const Word &a, const Word &b) {
    return combine(a, b, [](uint32_t x, uint32_t y) { return x & y; });
  }
  LAPIDARY_MODEL_OPERATION Word either(const Word &a, const Word &b) {
    return combine(a, b, [](uint32_t x, uint32_t y) { return x | y; });
  }
  LAPIDARY_MODEL_OPERATION Word leastWord(const Word &a, const Word &b) {
    return each<Word>([&](int i) { return a.lanes[i] < b.lanes[i] ? a.lanes[i] : b.lanes[i]; });
  }
  LAPIDARY_MODEL_OPERATION Word mostWord(const Word &a, const Word &b) {
    return each<Word>([&](int i) { return a.lanes[i] < b.lanes[i] ? b.lanes[i] : a.lanes[i]; });
  }
  LAPIDARY_MODEL_OPERATION Mask isLessWord(const Word &a, const Word &b) {
    return each<Mask>([&](int i) { return a.lanes[i] < b.lanes[i]; });
  }
  LAPIDARY_MODEL_OPERATION Word shiftLeft(const Word &a, int count) {
    return combine(a, a, [&](uint32_t x, uint32_t) { return x << count; });
  }
  LAPIDARY_MODEL_OPERATION Word shiftRight(const Word &a, int count) {
    return combine(a, a, [&](uint32_t x, uint32_t) { return x >> count; });
  }
  LAPIDARY_MODEL_OPERATION Mask eitherMask(const Mask &a, const Mask &b) {
    return each<Mask>([&](int i) { return a.lanes[i] || b.lanes[i]; });
  }
  LAPIDARY_MODEL_OPERATION Word indices() {
    return each<Word>([&](int i) { return i; });
  }
  template <int Count> LAPIDARY_MODEL_OPERATION void storeBytes(const Word (&a)[Count], int8_t *to) {
    for (int i = 0; i < Count * Lanes; ++i) {
      to[i] = static_cast<int8_t>(a[i / Lanes].lanes[i % Lanes]);
    }
  }
  template <int Count> LAPIDARY_MODEL_OPERATION void storeBytes(const Word (&a)[Count], uint8_t *low, uint8_t *high) {
    for (int i = 0; i < Count * Lanes; ++i) {
      const int32_t word = a[i / Lanes].lanes[i % Lanes];
      low[i] = static_cast<uint8_t>(word), high[i] = static_cast<uint8_t>(word >> 8);
    }
  }

  template <typename Element> static constexpr int rowsAtOnce = 128 / (16 * static_cast<int>(sizeof(Element)));
  template <typename Element, int Count>
  LAPIDARY_MODEL_OPERATION void rows(const Element *first, const Element *second, Float (&out)[Count]) {
    static_assert(Count == rowsAtOnce<Element>);
    for (int row = 0; row < Count; ++row) {
      out[row] = each<Float>([&](int i) { return valueOf((i < 16 ? first : second)[16 * row + i % 16]); });
    }
  }
  LAPIDARY_MODEL_OPERATION Word rowWords(const int8_t *first, const int8_t *second) {
    return each<Word>([&](int i) { return (i < 16 ? first : second)[i % 16]; });
  }
  LAPIDARY_MODEL_OPERATION Float toFloat(const Word &a) {
    return each<Float>([&](int i) { return static_cast<float>(a.lanes[i]); });
  }

  static Float nearestFloat(const Word &a) { return toFloat(a); }

  static int32_t nearestScalar(float x) {
    const float shifted = x + 0x1.8p23f; // |x| < 2^22, and this machine rounds to nearest
    return static_cast<int32_t>(shifted - 0x1.8p23f);
  }

private:
  static float valueOf(float x) { return x; }
  static float valueOf(uint16_t bits) { return __builtin_bit_cast(float, static_cast<uint32_t>(bits) << 16); }
};

} // namespace lap::hexagon

#undef LAPIDARY_MODEL_OPERATION

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_MODELFLOATS_H
