//===- RoundingDescent.h - rounded groups, made better one by one --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Error feedback rounds a column once and never comes back: it knows what columns before it did, not what those behind
// it will do, and a group's scale is one of a few candidates. Coordinate descent on the same loss, e H e^T with
// e = values - integers * scales, goes over the groups again with everything else in place: first the best scale
// for a group's integers, then each of its integers. Every step makes the loss smaller or leaves the group as it is.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_PACKING_ROUNDINGDESCENT_H
#define LAPIDARY_TARGETS_COMMON_PACKING_ROUNDINGDESCENT_H

#include "targets/common/packing/ScaleSteps.h"

#include <cstdint>

namespace lapidary {

/// Improves eight rounded rows of one block: `integers` [columns], in -8..7, and `scales` [columns / 32], which `steps`
/// says how to round.
/// `values` [columns] is what was rounded; `moments` [columns][columns], symmetric and positive definite, is H.
/// `columns` is at most LAP_MOMENT_BLOCK and a multiple of 32. A row's result does not depend on the others.
void descend(const Vector *values, uint64_t columns, const float *moments, const ScaleSteps &steps, Vector *integers,
             Vector *scales);

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_PACKING_ROUNDINGDESCENT_H
