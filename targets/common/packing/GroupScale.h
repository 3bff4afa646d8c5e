//===- GroupScale.h - the scale of a group of 32 weights -----------------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_COMMON_PACKING_GROUPSCALE_H
#define LAPIDARY_TARGETS_COMMON_PACKING_GROUPSCALE_H

#include <cstdint>

namespace lapidary {

/// Quantizes 32 values to integers in -127..127; returns the scale, a bf16 value (max|w| / 127, rounded).
float quantizeGroup8(const float *values, int8_t *out);

/// Quantizes 32 values to integers in -8..7. A group that is on a grid already (GroupGrid.h) keeps it. Otherwise, of a
/// few scales around max|w| / 7 and (signed largest) / -8, each rounded to bf16 first, the one with the smallest
/// squared error; the first of equals, so the result is deterministic. With a `step` (ScaleSteps.h) scales are
/// multiples of it, and no grid is looked for.
float quantizeGroup4(const float *values, int8_t *out, float step = 0);

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_PACKING_GROUPSCALE_H
