// IntegerAttention.h - attention over int8 caches in scalar code.
// SPDX-License-Identifier: Apache-2.0
//
// The definition of targets/common/algorithms/Attention.h (and Math.h), operation by operation. Sums are of integers,
// so that their order does not matter, and floats are rounded once an operation: where floats are as defined every
// machine has these bits, whatever its kernels add up first.
#ifndef LAPIDARY_TARGETS_COMMON_CONFORMANCE_INTEGERATTENTION_H
#define LAPIDARY_TARGETS_COMMON_CONFORMANCE_INTEGERATTENTION_H

#include <cfloat>
#include <cstdint>
#include <vector>

namespace lapidary::conformance {

/// A query row as integers of 16 bits; times `step` they are about the row.
struct RoundedRow {
  std::vector<int32_t> factors;
  float step;
};

RoundedRow roundRow(const float *row, uint32_t dim);

/// Attention of one query row to some keys; at first to none.
struct Attended {
  float maximum = -FLT_MAX, total = 0.0f;
  std::vector<float> sum; // [dim]
};

/// Attends to `count` keys, at most LAP_ATTENTION_SLICE, all of which the row sees. keys, values: [count], rows of
/// query.factors.size() integers that begin `stride` apart.
Attended attendKeys(const RoundedRow &query, const int8_t *keys, const int8_t *values, uint32_t count, uint32_t stride);

/// Adds a slice to those before it.
void fold(Attended &before, const Attended &slice);

} // namespace lapidary::conformance

#endif
