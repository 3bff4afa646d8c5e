//===- Floats.h - sixteen floats in an AVX-512 register -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What targets/common/algorithms/Math.h defines, operation by operation: the bits are those of Halide's kernels.
// Compiled with -ffp-contract=off; multiply-adds are written out.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_X86_KERNELS_FLOATS_H
#define LAPIDARY_TARGETS_X86_KERNELS_FLOATS_H

#include "targets/common/kernels/Unroll.h"

#include <immintrin.h>
#include <stdint.h>

namespace lap::x86 {

using F32 = __m512; // a vector type of clang: +, - and * are IEEE's, lane by lane
using Mask = __mmask16;

LAPIDARY_INLINE F32 splat(float value) { return _mm512_set1_ps(value); }
LAPIDARY_INLINE F32 load(const float *from) { return _mm512_loadu_ps(from); }
LAPIDARY_INLINE void store(float *to, F32 value) { _mm512_storeu_ps(to, value); }
LAPIDARY_INLINE F32 fusedMulAdd(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
LAPIDARY_INLINE F32 most(F32 a, F32 b) { return _mm512_max_ps(a, b); }
LAPIDARY_INLINE F32 least(F32 a, F32 b) { return _mm512_min_ps(a, b); }
LAPIDARY_INLINE Mask isEqual(F32 a, F32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
LAPIDARY_INLINE F32 zeroWhere(Mask mask, F32 value) { return _mm512_maskz_mov_ps(static_cast<Mask>(~mask), value); }

/// Sixteen bfloat16.
LAPIDARY_INLINE F32 fromBf16(const uint16_t *from) {
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

/// Lane i if low <= first + i <= high, otherwise that of `other`.
LAPIDARY_INLINE F32 keepBetween(F32 value, int32_t first, int32_t low, int32_t high, F32 other) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i at = _mm512_add_epi32(lanes, _mm512_set1_epi32(first));
  const Mask inside = _mm512_cmp_epi32_mask(at, _mm512_set1_epi32(low), _MM_CMPINT_NLT) &
                      _mm512_cmp_epi32_mask(at, _mm512_set1_epi32(high), _MM_CMPINT_LE);
  return _mm512_mask_mov_ps(other, inside, value);
}

/// The largest of `value`'s lanes and `first`.
LAPIDARY_INLINE float mostOf(F32 value, float first) {
  alignas(64) float lanes[16];
  store(lanes, value);
  for (float lane : lanes) {
    first = lane > first ? lane : first;
  }
  return first;
}

/// The sum of the lanes, in order.
LAPIDARY_INLINE float sumOf(F32 value) {
  alignas(64) float lanes[16];
  store(lanes, value);
  float sum = 0.0f;
  for (float lane : lanes) {
    sum += lane;
  }
  return sum;
}

/// e^x of finite lanes; exactly 1 at 0, exactly 0 below -87.3.
LAPIDARY_INLINE F32 exponential(F32 x) {
  const F32 bounded = most(least(x, splat(88.0f)), splat(-87.3f));
  const F32 n = _mm512_roundscale_ps(bounded * splat(1.44269504088896341f), _MM_FROUND_TO_NEAREST_INT);
  F32 r = fusedMulAdd(n, splat(-0.693359375f), bounded);
  r = fusedMulAdd(n, splat(2.12194440e-4f), r);
  F32 tail = splat(1.9875691500e-4f);
  constexpr float Coefficients[] = {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f,
                                    5.0000001201e-1f};
  for (float coefficient : Coefficients) {
    tail = fusedMulAdd(tail, r, splat(coefficient));
  }
  const F32 value = fusedMulAdd(tail, r * r, r) + splat(1.0f);
  const __m512i power = _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23);
  return zeroWhere(_mm512_cmp_ps_mask(x, splat(-87.3f), _CMP_LT_OQ), value * _mm512_castsi512_ps(power));
}

} // namespace lap::x86

#endif // LAPIDARY_TARGETS_X86_KERNELS_FLOATS_H
