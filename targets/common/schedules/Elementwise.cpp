// Elementwise.cpp - elementwise algorithms.
// SPDX-License-Identifier: Apache-2.0
//
// Drivers call these on column ranges that are multiples of LAP_COLUMN_PAD, so whole vectors never pass the end.
#include "targets/common/schedules/CpuSchedules.h"

namespace lapidary {

using namespace Halide;

void schedule(Elementwise &algorithm, const CpuIsa &isa) {
  algorithm.out.vectorize(algorithm.column, 16, TailStrategy::RoundUp);
}

void schedule(CombineExperts &algorithm, const CpuIsa &isa) {
  Var inner("inner");
  algorithm.out.split(algorithm.column, algorithm.column, inner, 16, TailStrategy::RoundUp).vectorize(inner);
  algorithm.total.compute_at(algorithm.out, algorithm.column).vectorize(algorithm.column, 16);
  algorithm.total.update().reorder(algorithm.column, algorithm.rank).vectorize(algorithm.column, 16);
}

} // namespace lapidary
