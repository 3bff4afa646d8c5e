// Norms.cpp - norms and rotary embedding.
// SPDX-License-Identifier: Apache-2.0
//
// One call works on one row or head, which stays in the L1 cache between the sum of squares and the output.
#include "targets/common/schedules/CpuSchedules.h"

namespace lapidary {

using namespace Halide;

namespace {
void scheduleFactor(NormStages &norm) {
  norm.strands.compute_root().store_in(MemoryType::Stack).bound(norm.strand, 0, 16).vectorize(norm.strand, 16);
  norm.strands.update().reorder(norm.strand, norm.step).vectorize(norm.strand, 16);
  norm.squares.compute_root().store_in(MemoryType::Stack);
  norm.squares.update().unroll(norm.strandR);
  norm.factor.compute_root().store_in(MemoryType::Stack);
}
} // namespace

void schedule(RmsNorm &norm, const CpuIsa &isa) {
  scheduleFactor(norm);
  norm.out.vectorize(norm.column, 16, TailStrategy::RoundUp);
  norm.out.specialize(norm.weighted == 1);
}

void schedule(ResidualNorm &norm, const CpuIsa &isa) {
  scheduleFactor(norm);
  norm.out.vectorize(norm.column, 16, TailStrategy::RoundUp);
}

void schedule(NormRotary &norm, const CpuIsa &isa) {
  scheduleFactor(norm);
  norm.out.bound(norm.half, 0, 2).unroll(norm.half);
  Expr pairs = norm.out.output_buffer().dim(0).extent();
  norm.out.specialize(pairs % 16 == 0).vectorize(norm.pair, 16);
  norm.out.vectorize(norm.pair, 4, TailStrategy::GuardWithIf);
}

} // namespace lapidary
