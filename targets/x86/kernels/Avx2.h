//===- Avx2.h - sixteen floats or integers in two AVX2 registers -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// The interface of Avx512.h for half as wide registers, of which there are half as many.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_X86_KERNELS_AVX2_H
#define LAPIDARY_TARGETS_X86_KERNELS_AVX2_H

#include "targets/common/kernels/Unroll.h"

#include <immintrin.h>
#include <stdint.h>

namespace lap::x86 {

/// Sums that fit the registers: blocks of 16, for so many query rows.
constexpr int BlocksAtOnce = 1, QueriesAtOnce = 4;

struct F32 {
  __m256 low, high; // vector types of clang: +, - and * are IEEE's, lane by lane
};
struct I32 {
  __m256i low, high;
};
using Mask = F32; // ones or zeros

LAPIDARY_INLINE F32 operator+(F32 a, F32 b) { return {a.low + b.low, a.high + b.high}; }
LAPIDARY_INLINE F32 operator-(F32 a, F32 b) { return {a.low - b.low, a.high - b.high}; }
LAPIDARY_INLINE F32 operator*(F32 a, F32 b) { return {a.low * b.low, a.high * b.high}; }

LAPIDARY_INLINE F32 splat(float value) { return {_mm256_set1_ps(value), _mm256_set1_ps(value)}; }
LAPIDARY_INLINE F32 load(const float *from) { return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}; }
LAPIDARY_INLINE void store(float *to, F32 value) {
  _mm256_storeu_ps(to, value.low);
  _mm256_storeu_ps(to + 8, value.high);
}
LAPIDARY_INLINE F32 fusedMulAdd(F32 a, F32 b, F32 c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
LAPIDARY_INLINE F32 most(F32 a, F32 b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
LAPIDARY_INLINE F32 least(F32 a, F32 b) { return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)}; }
LAPIDARY_INLINE Mask isEqual(F32 a, F32 b) {
  return {_mm256_cmp_ps(a.low, b.low, _CMP_EQ_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_EQ_OQ)};
}
LAPIDARY_INLINE Mask isLess(F32 a, F32 b) {
  return {_mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ)};
}
LAPIDARY_INLINE F32 zeroWhere(Mask mask, F32 value) {
  return {_mm256_andnot_ps(mask.low, value.low), _mm256_andnot_ps(mask.high, value.high)};
}

/// The nearest whole numbers, ties to even.
LAPIDARY_INLINE F32 nearest(F32 x) {
  constexpr int mode = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  return {_mm256_round_ps(x.low, mode), _mm256_round_ps(x.high, mode)};
}
LAPIDARY_INLINE I32 nearestInteger(F32 x) { return {_mm256_cvtps_epi32(x.low), _mm256_cvtps_epi32(x.high)}; }

/// 2^n of whole numbers from -126 to 127.
LAPIDARY_INLINE F32 powerOfTwo(F32 n) {
  auto power = [](__m256i whole) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(whole, _mm256_set1_epi32(127)), 23));
  };
  const I32 whole = nearestInteger(n);
  return {power(whole.low), power(whole.high)};
}

/// Lane i if low <= first + i <= high, otherwise that of `other`.
LAPIDARY_INLINE F32 keepBetween(F32 value, int32_t first, int32_t low, int32_t high, F32 other) {
  auto keep = [&](__m256 from, int32_t start, __m256 instead) {
    const __m256i at = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(start));
    const __m256i outside = _mm256_or_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(low), at),
                                            _mm256_cmpgt_epi32(at, _mm256_set1_epi32(high)));
    return _mm256_blendv_ps(from, instead, _mm256_castsi256_ps(outside));
  };
  return {keep(value.low, first, other.low), keep(value.high, first + 8, other.high)};
}

LAPIDARY_INLINE I32 noSums() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
LAPIDARY_INLINE I32 add(I32 a, I32 b) { return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)}; }
LAPIDARY_INLINE void store(int32_t *to, I32 value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), value.low);
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(to) + 1, value.high);
}
/// Integers that fit 16 bits.
LAPIDARY_INLINE void storeInt16(int16_t *to, I32 value) {
  const __m256i packed = _mm256_packs_epi32(value.low, value.high); // quarters in the order 0 2 1 3
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm256_permute4x64_epi64(packed, 0xd8));
}

/// sums + a[2i] * b[2i] + a[2i + 1] * b[2i + 1], exact.
LAPIDARY_INLINE I32 addPairs(I32 sums, I32 a, I32 b) {
  return add(sums, {_mm256_madd_epi16(a.low, b.low), _mm256_madd_epi16(a.high, b.high)});
}

/// Two rows of 16 int8 as pairs of their elements: lanes 0 to 3 and 8 to 11 in one register, the others in the other.
LAPIDARY_INLINE I32 rowPair(const int8_t *rows) {
  const auto *from = reinterpret_cast<const __m128i *>(rows);
  const __m256i first = _mm256_cvtepi8_epi16(_mm_loadu_si128(from));
  const __m256i second = _mm256_cvtepi8_epi16(_mm_loadu_si128(from + 1));
  return {_mm256_unpacklo_epi16(first, second), _mm256_unpackhi_epi16(first, second)};
}

/// A pair in every lane.
LAPIDARY_INLINE I32 splatPair(const int16_t *pair) {
  int32_t bits;
  __builtin_memcpy(&bits, pair, sizeof(bits));
  return {_mm256_set1_epi32(bits), _mm256_set1_epi32(bits)};
}

/// The floats nearest to sums of rowPair's.
LAPIDARY_INLINE F32 pairSums(I32 sums) {
  return {_mm256_cvtepi32_ps(_mm256_permute2x128_si256(sums.low, sums.high, 0x20)),
          _mm256_cvtepi32_ps(_mm256_permute2x128_si256(sums.low, sums.high, 0x31))};
}

} // namespace lap::x86

#endif // LAPIDARY_TARGETS_X86_KERNELS_AVX2_H
