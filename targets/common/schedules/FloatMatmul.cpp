// FloatMatmul.cpp - matvec and matmat of float matrices.
// SPDX-License-Identifier: Apache-2.0
//
// The 16 rows of a tile are the lanes of the accumulators. matvec runs several tiles at once to hide the latency of the
// multiply-adds; matmat holds `accumulators` tokens of a tile in registers, so a weight vector is loaded once for all
// of them. Counts that do not divide fall back to smaller blocks through specialisations, with the same bits.
#include "targets/common/schedules/CpuSchedules.h"

namespace lapidary {

using namespace Halide;

void schedule(FloatMatmul &m, bool manyRows, const CpuIsa &isa) {
  Var step("step");
  boundRows(m);
  if (manyRows) {
    blockOutput(m, m.out, step, std::max(1, isa.lanes / 8), {isa.accumulators, isa.accumulators / 2});
  } else {
    blockStreams(m, m.out, step);
    blockOutput(m, m.out, step, isa.accumulators / 2, {1});
  }
  m.sum.compute_at(m.out, step).vectorize(m.row, LAP_ROW_TILE).unroll(m.token).unroll(m.tile).unroll(m.stream);
  m.sum.update()
      .reorder(m.row, m.tile, m.stream, m.token, m.column)
      .vectorize(m.row, LAP_ROW_TILE)
      .unroll(m.token)
      .unroll(m.tile)
      .unroll(m.stream);
}

} // namespace lapidary
