//===- Floats.h - functions of sixteen floats ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What targets/common/algorithms/Math.h defines, operation by operation: the bits are those of Halide's kernels.
// Compiled with -ffp-contract=off; multiply-adds are written out.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_X86_KERNELS_FLOATS_H
#define LAPIDARY_TARGETS_X86_KERNELS_FLOATS_H

#ifdef __AVX512F__
#include "targets/x86/kernels/Avx512.h"
#else
#include "targets/x86/kernels/Avx2.h"
#endif

namespace lap::x86 {

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
LAPIDARY_INLINE int32_t sumOf(I32 value) {
  alignas(64) int32_t lanes[16];
  store(lanes, value);
  int32_t sum = 0;
  for (int32_t lane : lanes) {
    sum += lane;
  }
  return sum;
}

/// e^x of finite lanes; exactly 1 at 0, exactly 0 below -87.3.
LAPIDARY_INLINE F32 exponential(F32 x) {
  const F32 bounded = most(least(x, splat(88.0f)), splat(-87.3f));
  const F32 n = nearest(bounded * splat(1.44269504088896341f));
  F32 r = fusedMulAdd(n, splat(-0.693359375f), bounded);
  r = fusedMulAdd(n, splat(2.12194440e-4f), r);
  F32 tail = splat(1.9875691500e-4f);
  constexpr float Coefficients[] = {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f,
                                    5.0000001201e-1f};
  for (float coefficient : Coefficients) {
    tail = fusedMulAdd(tail, r, splat(coefficient));
  }
  const F32 value = fusedMulAdd(tail, r * r, r) + splat(1.0f);
  return zeroWhere(isLess(x, splat(-87.3f)), value * powerOfTwo(n));
}

} // namespace lap::x86

#endif // LAPIDARY_TARGETS_X86_KERNELS_FLOATS_H
