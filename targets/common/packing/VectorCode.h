//===- VectorCode.h - the packers' inner loops as vector code ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Eight floats (two registers on a machine whose vectors are shorter), and functions compiled twice where the compiler
// can choose at start-up: for any x86-64 and for AVX2. Without fused multiply-adds (the build switches contraction off)
// both give the same bits.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_PACKING_VECTORCODE_H
#define LAPIDARY_TARGETS_COMMON_PACKING_VECTORCODE_H

#include <cfloat>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#if !__has_feature(address_sanitizer)
#define LAPIDARY_FOR_EACH_CPU __attribute__((target_clones("avx2", "default")))
#endif
#endif
#ifndef LAPIDARY_FOR_EACH_CPU
#define LAPIDARY_FOR_EACH_CPU
#endif
#define LAPIDARY_INLINE __attribute__((always_inline)) inline

namespace lapidary {

using Vector = float __attribute__((vector_size(32)));
using VectorBits = uint32_t __attribute__((vector_size(32)));
constexpr int vectorLanes = 8;

/// Adding and taking it away leaves no fraction bits: rounds |x| < 2^22 to the nearest, ties to even. 1.5 * 2^23.
constexpr float roundMagic = 12582912.0f;

/// NaN becomes `low`, so that converting the result to an integer is always defined.
LAPIDARY_INLINE Vector clampVector(Vector x, Vector low, Vector high) {
  x = x > low ? x : low;
  return x < high ? x : high;
}

/// Rounded to bf16, ties to even; as toBFloat16.
LAPIDARY_INLINE Vector roundToBFloat16(Vector x) {
  VectorBits bits;
  std::memcpy(&bits, &x, sizeof(bits));
  bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

LAPIDARY_INLINE Vector absolute(Vector x) { return x < 0 ? -x : x; }

/// 0 for scales whose inverse is not a number of float's range: such groups become zeros.
LAPIDARY_INLINE Vector inverseOf(Vector scale) { return absolute(scale) >= FLT_MIN ? 1.0f / scale : Vector{}; }

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_PACKING_VECTORCODE_H
