//===- Floats.h - whole numbers as floats ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Both ways are exact for what the products convert: sums of a group, and scales that are integers.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_FLOATS_H
#define LAPIDARY_TARGETS_ARM_KERNELS_FLOATS_H

#include "targets/common/kernels/Unroll.h"

#include <arm_neon.h>

namespace lap::arm {

/// float(sum >> Shift), exact: the sums are multiples of 2^Shift.
template <int Shift> LAPIDARY_INLINE float32x4_t toFloat(int32x4_t sums) {
  if constexpr (Shift == 0) {
    return vcvtq_f32_s32(sums);
  } else {
    return vcvtq_n_f32_s32(sums, Shift);
  }
}

/// A sum of whole numbers below 2^22 in magnitude that starts from these bits, 1.5 * 2^23 as a float, is a float as it
/// is: the conversion is a subtraction, which runs on more pipes than scvtf. (32 * 128 * 128 is 2^19.)
constexpr int roundBits = 0x4b400000;
LAPIDARY_INLINE float32x4_t floatOf(int32x4_t sum) {
  return vsubq_f32(vreinterpretq_f32_s32(sum), vdupq_n_f32(12582912.0f));
}

} // namespace lap::arm

#endif // LAPIDARY_TARGETS_ARM_KERNELS_FLOATS_H
