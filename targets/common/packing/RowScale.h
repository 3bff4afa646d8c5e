//===- RowScale.h - the scale of a whole row of weights ------------------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_TARGETS_COMMON_PACKING_ROWSCALE_H
#define LAPIDARY_TARGETS_COMMON_PACKING_ROWSCALE_H

#include <cstdint>

namespace lapidary {

/// Quantizes `count` values (a multiple of 8) to integers of 2, 4 or 8 bits, -2^(bits-1)..2^(bits-1)-1, and returns
/// their scale. Of a few scales max|w| / k, either sign, the one with the smallest squared error; values beyond the
/// range are clipped. The first of equals, so the result is deterministic.
float quantizeRow(const float *values, uint64_t count, unsigned bits, int8_t *out);

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_PACKING_ROWSCALE_H
