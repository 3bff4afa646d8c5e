//===- Hvx.h - the vectors of Hexagon -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// 128 bytes a vector, 32 sums of four products of bytes an instruction: vrmpy takes unsigned weights from a vector and
// four signed activations from a scalar register, for 32 rows. Tiles have 16 rows, so two of them are multiplied
// together, and halves of their vectors change places once (`loadPair`). Instructions: Qualcomm Hexagon V66 HVX
// Programmer's Reference Manual (80-N2040-44).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_HVX_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_HVX_H

#include "targets/hexagon/kernels/Kernel.h"

#include <hexagon_types.h>

#include <hexagon_protos.h>
#include <hvx_hexagon_protos.h>

namespace lap::hexagon {

constexpr int VectorBytes = 128;
constexpr int PairRows = 2 * LAP_ROW_TILE; // rows that are multiplied together, the 32-bit lanes of a vector

/// Tiles start at multiples of 16 bytes, so their vectors lie anywhere.
LAPIDARY_INLINE HVX_Vector loadUnaligned(const void *from) { return *static_cast<const HVX_UVector *>(from); }
LAPIDARY_INLINE void storeAligned(HVX_Vector vector, void *to) { *static_cast<HVX_Vector *>(to) = vector; }
LAPIDARY_INLINE HVX_Vector splat(int32_t value) { return Q6_V_vsplat_R(value); }

/// Two blocks of 64 bytes (16 rows x 4 bytes) of each of two tiles: the first block of both, then the second of both.
struct BlockPair {
  HVX_Vector blocks[2];
};
LAPIDARY_INLINE BlockPair loadPair(const uint8_t *first, const uint8_t *second) {
  const HVX_VectorPair both = Q6_W_vshuff_VVR(loadUnaligned(second), loadUnaligned(first), VectorBytes / 2);
  return {{Q6_V_lo_W(both), Q6_V_hi_W(both)}};
}

/// The bf16 of two places, 16 of each, as floats (their bits). 128 bytes of each are read.
LAPIDARY_INLINE HVX_Vector widenBf16(const void *first, const void *second) {
  const HVX_Vector halves = Q6_V_lo_W(Q6_W_vshuff_VVR(loadUnaligned(second), loadUnaligned(first), -32));
  return Q6_V_lo_W(Q6_Ww_vunpackoor_WwVh(Q6_W_vcombine_VV(Q6_V_vzero(), Q6_V_vzero()), halves));
}

/// The int8 of two places, 16 of each, as words. 128 bytes of each are read.
LAPIDARY_INLINE HVX_Vector widenBytes(const void *first, const void *second) {
  const HVX_Vector bytes = Q6_V_lo_W(Q6_W_vshuff_VVR(loadUnaligned(second), loadUnaligned(first), -16));
  return Q6_V_lo_W(Q6_Ww_vunpack_Vh(Q6_V_lo_W(Q6_Wh_vunpack_Vb(bytes))));
}

/// Whole numbers below 2^24 in magnitude as floats (their bits), without an instruction of floats.
LAPIDARY_INLINE HVX_Vector floatsOf(HVX_Vector numbers) {
  const HVX_Vector size = Q6_Vw_vabs_Vw(numbers), zeros = Q6_Vuw_vcl0_Vuw(size);
  const HVX_Vector mantissa = Q6_Vuw_vlsr_VuwR(Q6_Vw_vasl_VwVw(size, zeros), 8); // its highest bit is bit 23
  const HVX_Vector exponent = Q6_Vw_vasl_VwR(Q6_Vw_vsub_VwVw(splat(127 + 31 - 1), zeros), 23);
  const HVX_Vector sign = Q6_V_vand_VV(numbers, splat(INT32_MIN));
  const HVX_Vector bits = Q6_V_vor_VV(Q6_Vw_vadd_VwVw(exponent, mantissa), sign);
  return Q6_V_vmux_QVV(Q6_Q_vcmp_eq_VwVw(numbers, Q6_V_vzero()), Q6_V_vzero(), bits);
}

/// The floats (their bits) nearest to whole numbers above -2^31, ties to even, without an instruction of floats.
LAPIDARY_INLINE HVX_Vector nearestFloatsOf(HVX_Vector numbers) {
  const HVX_Vector size = Q6_Vw_vabs_Vw(numbers), zeros = Q6_Vuw_vcl0_Vuw(size);
  const HVX_Vector shifted = Q6_Vw_vasl_VwVw(size, zeros); // its highest bit is bit 31
  const HVX_Vector odd = Q6_V_vand_VV(Q6_Vuw_vlsr_VuwR(shifted, 8), splat(1));
  // (shifted + 127 + odd) >> 8, of which the average of both is the first bit
  const HVX_Vector half = Q6_Vuw_vavg_VuwVuw(shifted, Q6_Vw_vadd_VwVw(odd, splat(127)));
  const HVX_Vector exponent = Q6_Vw_vasl_VwR(Q6_Vw_vsub_VwVw(splat(127 + 31 - 1), zeros), 23);
  const HVX_Vector sign = Q6_V_vand_VV(numbers, splat(INT32_MIN));
  const HVX_Vector bits = Q6_V_vor_VV(Q6_Vw_vadd_VwVw(exponent, Q6_Vuw_vlsr_VuwR(half, 7)), sign);
  return Q6_V_vmux_QVV(Q6_Q_vcmp_eq_VwVw(numbers, Q6_V_vzero()), Q6_V_vzero(), bits);
}

/// sums + weights (32 rows x 4 columns, unsigned) * values (4 columns, signed, the first in the lowest byte)
LAPIDARY_INLINE HVX_Vector multiplyAdd(HVX_Vector sums, HVX_Vector weights, uint32_t values) {
  return Q6_Vw_vrmpyacc_VwVubRb(sums, weights, static_cast<int32_t>(values));
}

/// The same with unsigned values.
LAPIDARY_INLINE HVX_Vector multiplyAddUnsigned(HVX_Vector sums, HVX_Vector weights, uint32_t values) {
  return Q6_Vuw_vrmpyacc_VuwVubRub(sums, weights, static_cast<int32_t>(values));
}

/// 32 columns of activations in scalar registers; rows start at multiples of 32 bytes.
struct StretchValues {
  uint64_t pairs[4];
  LAPIDARY_INLINE explicit StretchValues(const int8_t *from) {
    unrolled<4>([&](auto i) { pairs[i] = reinterpret_cast<const uint64_t *>(from)[i]; });
  }
  /// Columns 4 * quad .. 4 * quad + 3.
  LAPIDARY_INLINE uint32_t quad(int quad) const { return static_cast<uint32_t>(pairs[quad / 2] >> quad % 2 * 32); }
};

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_HVX_H
