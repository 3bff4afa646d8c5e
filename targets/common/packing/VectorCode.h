//===- VectorCode.h - the packers' inner loops as vector code ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Eight floats (two registers on a machine whose vectors are shorter), and functions compiled twice where the compiler
// can choose at start-up: for any x86-64 and for AVX2. Without fused multiply-adds (the build switches contraction off)
// both give the same bits.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_PACKING_VECTORCODE_H
#define LAPIDARY_TARGETS_COMMON_PACKING_VECTORCODE_H

#include <cstdint>

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

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_PACKING_VECTORCODE_H
