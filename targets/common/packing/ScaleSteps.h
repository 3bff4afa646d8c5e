//===- ScaleSteps.h - the scales that a group of 4-bit weights may have --------===//
// SPDX-License-Identifier: Apache-2.0
//
// Any bf16 value; or, in formats whose scales are int8, a whole multiple of a power of two that the row has. A multiple
// is a bf16 value, too (it has 7 bits and a sign), so whoever stores the scale as bf16 stores the same weights.
//
// What the coarser scale costs is little: it is off by at most half a step, a 127th of the row's largest scale or less,
// and integers are chosen for the scale as it is. Groups with small scales are rounded coarser beside themselves, but
// not beside the groups of their row that have the most error anyway.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_PACKING_SCALESTEPS_H
#define LAPIDARY_TARGETS_COMMON_PACKING_SCALESTEPS_H

#include "targets/common/packing/BFloat16.h"
#include "targets/common/packing/VectorCode.h"

#include <cstdint>

namespace lapidary {

constexpr float mostScaleSteps = 127.0f;

/// The step of a row of `count` weights: the smallest power of two (2^-126 or more) of which max|w| / 7, the largest
/// scale that is tried, has at most 127.
float scaleStep(const float *values, uint64_t count);

/// The nearest scale that a row of this step may have, ties to even; step 0: the nearest bf16 value.
LAPIDARY_INLINE float roundScale(float scale, float step) {
  if (step == 0) {
    return fromBFloat16(toBFloat16(scale));
  }
  const float multiple = scale / step; // exact but for tiny ones
  const float clamped =
      multiple > -mostScaleSteps ? (multiple < mostScaleSteps ? multiple : mostScaleSteps) : -mostScaleSteps;
  return ((clamped + roundMagic) - roundMagic) * step;
}

/// The same of eight rows, a lane each.
struct ScaleSteps {
  Vector step = {};

  LAPIDARY_INLINE Vector round(Vector scale) const {
    const Vector zero = {}, most = zero + mostScaleSteps;
    // The quotient of a power of two is exact; bf16 rows divide by 1 and take the other value.
    const Vector divisor = step > 0 ? step : zero + 1.0f;
    const Vector multiple = (clampVector(scale / divisor, zero - most, most) + roundMagic) - roundMagic;
    return step > 0 ? multiple * step : roundToBFloat16(scale);
  }
};

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_PACKING_SCALESTEPS_H
