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

/// Tiles start at multiples of 32 bytes, so their vectors lie anywhere.
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

/// sums + weights (32 rows x 4 columns, unsigned) * values (4 columns, signed, the first in the lowest byte)
LAPIDARY_INLINE HVX_Vector multiplyAdd(HVX_Vector sums, HVX_Vector weights, uint32_t values) {
  return Q6_Vw_vrmpyacc_VwVubRb(sums, weights, static_cast<int32_t>(values));
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
