//===- Avx512.h - sixteen floats or integers in an AVX-512 register --------===//
// SPDX-License-Identifier: Apache-2.0
//
// What kernels need of a level; Avx2.h has the same for AVX2.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_X86_KERNELS_AVX512_H
#define LAPIDARY_TARGETS_X86_KERNELS_AVX512_H

#include "targets/common/kernels/Unroll.h"

#include <immintrin.h>
#include <stdint.h>

namespace lap::x86 {

/// Sums that fit the registers: blocks of 16, for so many query rows.
constexpr int BlocksAtOnce = 2, QueriesAtOnce = 8;

using F32 = __m512; // a vector type of clang: +, - and * are IEEE's, lane by lane
using I32 = __m512i;
using Mask = __mmask16;

LAPIDARY_INLINE F32 splat(float value) { return _mm512_set1_ps(value); }
LAPIDARY_INLINE F32 load(const float *from) { return _mm512_loadu_ps(from); }
LAPIDARY_INLINE void store(float *to, F32 value) { _mm512_storeu_ps(to, value); }
LAPIDARY_INLINE F32 fusedMulAdd(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
LAPIDARY_INLINE F32 most(F32 a, F32 b) { return _mm512_max_ps(a, b); }
LAPIDARY_INLINE F32 least(F32 a, F32 b) { return _mm512_min_ps(a, b); }
LAPIDARY_INLINE Mask isEqual(F32 a, F32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
LAPIDARY_INLINE Mask isLess(F32 a, F32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
LAPIDARY_INLINE F32 zeroWhere(Mask mask, F32 value) { return _mm512_maskz_mov_ps(static_cast<Mask>(~mask), value); }

/// The nearest whole numbers, ties to even.
LAPIDARY_INLINE F32 nearest(F32 x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT); }
LAPIDARY_INLINE I32 nearestInteger(F32 x) { return _mm512_cvtps_epi32(x); }

/// 2^n of whole numbers from -126 to 127.
LAPIDARY_INLINE F32 powerOfTwo(F32 n) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(nearestInteger(n), _mm512_set1_epi32(127)), 23));
}

/// Sixteen bfloat16.
LAPIDARY_INLINE F32 fromBf16(const uint16_t *from) {
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

/// Lane i if low <= first + i <= high, otherwise that of `other`.
LAPIDARY_INLINE F32 keepBetween(F32 value, int32_t first, int32_t low, int32_t high, F32 other) {
  const I32 lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const I32 at = _mm512_add_epi32(lanes, _mm512_set1_epi32(first));
  const Mask inside = _mm512_cmp_epi32_mask(at, _mm512_set1_epi32(low), _MM_CMPINT_NLT) &
                      _mm512_cmp_epi32_mask(at, _mm512_set1_epi32(high), _MM_CMPINT_LE);
  return _mm512_mask_mov_ps(other, inside, value);
}

LAPIDARY_INLINE I32 noSums() { return _mm512_setzero_si512(); }
LAPIDARY_INLINE I32 add(I32 a, I32 b) { return _mm512_add_epi32(a, b); }
LAPIDARY_INLINE void store(int32_t *to, I32 value) { _mm512_storeu_si512(to, value); }
/// Integers that fit 16 bits.
LAPIDARY_INLINE void storeInt16(int16_t *to, I32 value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm512_cvtepi32_epi16(value));
}

/// sums + a[2i] * b[2i] + a[2i + 1] * b[2i + 1], exact.
LAPIDARY_INLINE I32 addPairs(I32 sums, I32 a, I32 b) {
#ifdef __AVX512VNNI__
  return _mm512_dpwssd_epi32(sums, a, b);
#else
  return add(sums, _mm512_madd_epi16(a, b));
#endif
}

/// Two rows of 16 int8: lane i is the pair of their elements i.
LAPIDARY_INLINE I32 rowPair(const int8_t *rows) {
  const I32 order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5,
                                     20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order,
                                  _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(rows))));
}

/// A pair in every lane.
LAPIDARY_INLINE I32 splatPair(const int16_t *pair) {
  int32_t bits;
  __builtin_memcpy(&bits, pair, sizeof(bits));
  return _mm512_set1_epi32(bits);
}

/// The floats nearest to sums of rowPair's.
LAPIDARY_INLINE F32 pairSums(I32 sums) { return _mm512_cvtepi32_ps(sums); }

} // namespace lap::x86

#endif // LAPIDARY_TARGETS_X86_KERNELS_AVX512_H
