//===- GroupScales.h - the scales of a tile's groups ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A tile of a group format is a row of groups, each the scales of 16 rows and then their integers. Scales are bf16, or
// int8 multiples of a power of two that a row has, the steps in front of the groups (runtime/include/lapidary/
// ProgramAbi.h). A step changes no digit, so it is multiplied where that costs least: products of one token do it once
// at the end, those of many where scales are unpacked.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_GROUPSCALES_H
#define LAPIDARY_TARGETS_ARM_KERNELS_GROUPSCALES_H

#include "targets/arm/kernels/Floats.h"
#include "targets/arm/kernels/Integers.h"
#include "targets/common/PackedLayout.h"

namespace lap::arm {

/// Bytes of a tile: of the steps in front, of a group's scales, and of a group.
template <lap_format Format> struct GroupOrder {
  static constexpr int stepBytes = lapidary::stepBytes(Format, LAP_ROW_TILE);
  static constexpr int scaleBytes = LAP_ROW_TILE * lapidary::groupScaleBytes(Format);
  static constexpr int groupBytes = lapidary::groupStride(Format, LAP_ROW_TILE);
  static_assert(groupBytes == scaleBytes + stretchBytes<Format>(), "a group is a stretch");
};

/// 16 bf16 values as floats.
LAPIDARY_INLINE void widenBFloats(const uint8_t *from, float32x4_t (&floats)[RowQuads]) {
  unrolled<RowQuads / 2>([&](auto i) {
    const uint16x8_t eight = vreinterpretq_u16_u8(vld1q_u8(from + i * 16));
    floats[2 * i] = vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(eight), 16));
    floats[2 * i + 1] = vreinterpretq_f32_u32(vshll_high_n_u16(eight, 16));
  });
}

/// 16 int8 values as floats: added to 1.5 * 2^23 in integers, and that subtracted in floats (Floats.h). Both have the
/// same bits; the compiler would keep a constant for each, in a register that products of three planes lack.
LAPIDARY_INLINE void widenBytes(const uint8_t *from, float32x4_t (&floats)[RowQuads]) {
  const int8x16_t bytes = vreinterpretq_s8_u8(vld1q_u8(from));
  const int16x8_t halves[] = {vmovl_s8(vget_low_s8(bytes)), vmovl_high_s8(bytes)};
  int32x4_t start = vdupq_n_s32(roundBits);
  asm("" : "+w"(start));
  unrolled<RowQuads / 2>([&](auto i) {
    const int32x4_t low = vaddw_s16(start, vget_low_s16(halves[i])), high = vaddw_high_s16(start, halves[i]);
    floats[2 * i] = vsubq_f32(vreinterpretq_f32_s32(low), vreinterpretq_f32_s32(start));
    floats[2 * i + 1] = vsubq_f32(vreinterpretq_f32_s32(high), vreinterpretq_f32_s32(start));
  });
}

/// The scales of a group's 16 rows, which lie at `from`, as floats; without steps.
template <lap_format Format> LAPIDARY_INLINE void widenScales(const uint8_t *from, float32x4_t (&scales)[RowQuads]) {
  if constexpr (lapidary::hasScaleSteps(Format)) {
    widenBytes(from, scales);
  } else {
    widenBFloats(from, scales);
  }
}

/// Multiplies what 16 rows have by the steps of their tile, if it has any.
template <lap_format Format> LAPIDARY_INLINE void scaleBySteps(const uint8_t *tile, float32x4_t (&rows)[RowQuads]) {
  if constexpr (lapidary::hasScaleSteps(Format)) {
    float32x4_t steps[RowQuads];
    widenBFloats(tile, steps);
    unrolled<RowQuads>([&](auto row) { rows[row] = vmulq_f32(rows[row], steps[row]); });
  }
}

} // namespace lap::arm

#endif // LAPIDARY_TARGETS_ARM_KERNELS_GROUPSCALES_H
