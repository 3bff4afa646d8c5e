// Elementwise.cpp - elementwise algorithms on x86-64.
// SPDX-License-Identifier: Apache-2.0
//
// Drivers call these on column ranges that are multiples of LAP_COLUMN_PAD, so whole vectors never pass the end.
#include "targets/x86/schedules/Schedules.h"

namespace lapidary::x86 {

using namespace Halide;

void schedule(Elementwise &algorithm, const X86Isa &isa) {
  algorithm.out.vectorize(algorithm.column, 16, TailStrategy::RoundUp);
}

void schedule(CombineExperts &algorithm, const X86Isa &isa) {
  Var inner("inner");
  algorithm.out.split(algorithm.column, algorithm.column, inner, 16, TailStrategy::RoundUp).vectorize(inner);
  algorithm.total.compute_at(algorithm.out, algorithm.column).vectorize(algorithm.column, 16);
  algorithm.total.update().reorder(algorithm.column, algorithm.rank).vectorize(algorithm.column, 16);
}

} // namespace lapidary::x86
