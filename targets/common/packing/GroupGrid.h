//===- GroupGrid.h - groups of 32 weights that are on a 4-bit grid already -----===//
// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints of quantization-aware training may hold float values that are integers times a scale which is not stored.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_PACKING_GROUPGRID_H
#define LAPIDARY_TARGETS_COMMON_PACKING_GROUPGRID_H

#include <cstdint>

namespace lapidary {

/// Looks for a bf16 scale and 32 integers in -8..7 such that each value is integer * scale, exactly or rounded to bf16.
/// Of several scales that fit, the one whose exact products are nearest to the values (the largest of equals). False
/// when there is none; a group of zeros has scale 0.
bool findGrid4(const float *values, float &out_scale, int8_t *out_integers);

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_PACKING_GROUPGRID_H
