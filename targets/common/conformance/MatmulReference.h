// MatmulReference.h - single outputs of products, computed by definition.
// SPDX-License-Identifier: Apache-2.0
//
// Integers are summed first, floats in the order and with the fused multiply-adds of the algorithms.
#ifndef LAPIDARY_TARGETS_COMMON_CONFORMANCE_MATMULREFERENCE_H
#define LAPIDARY_TARGETS_COMMON_CONFORMANCE_MATMULREFERENCE_H

#include "targets/common/conformance/Harness.h"

namespace lapidary::conformance {

/// One output element from an f32 row.
float floatReference(const Matrix &w, uint32_t row, const float *x);

struct GroupOutput {
  float value;      // as defined
  double magnitude; // of all terms, added up
  uint32_t terms;

  /// What `value` may differ where no multiply-add is fused and every operation is off by up to a unit in the last
  /// place: of a term, its two products; of the partial sums, which `magnitude` bounds, each.
  double slack() const { return magnitude * (terms + 2) * 0x1p-23; }
};

/// One output element from a q8 or q24 row.
GroupOutput groupReference(const Matrix &w, uint32_t row, const uint8_t *x, lap_element element);

/// One output element from an i8 (scale `step`) or r24 row, not rounded.
double rowReference(const Matrix &w, uint32_t row, const uint8_t *x, lap_element element, float step);

} // namespace lapidary::conformance

#endif
