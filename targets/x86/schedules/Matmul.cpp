// Matmul.cpp - matvec and matmat on x86-64.
// SPDX-License-Identifier: Apache-2.0
//
// The 16 rows of a tile are the lanes of the accumulators. matvec of floats runs several tiles at once to hide the
// latency of the multiply-adds; of groups it follows one tile, because memory is what limits it (Zen 4, one core: one
// stream 33 GB/s, two 22, eight 23). matmat holds `accumulators` tokens of one tile in registers, so a weight vector is
// loaded (and its nibbles unpacked) once for all of them. Counts that do not divide fall back to smaller blocks through
// specialisations, with the same bits.
#include "targets/x86/schedules/Schedules.h"

namespace lapidary::x86 {

using namespace Halide;

namespace {
/// Blocks the output by (tiles, tokens) per step of `step`, for the largest factors that divide the extents.
template <typename Matmul> void blockOutput(Matmul &m, Var step, int tiles, const std::vector<int> &tokenBlocks) {
  Var tileOuter("tileOuter"), tileInner("tileInner"), tokenInner("tokenInner");
  Expr tileCount = m.out.output_buffer().dim(2).extent(), tokenCount = m.out.output_buffer().dim(1).extent();
  auto block = [&](Stage stage, int tileFactor, int tokenFactor) {
    stage.split(m.tile, tileOuter, tileInner, tileFactor)
        .split(m.token, step, tokenInner, tokenFactor)
        .reorder(m.row, tileInner, tokenInner, step, tileOuter)
        .vectorize(m.row, LAP_ROW_TILE)
        .unroll(tileInner)
        .unroll(tokenInner);
  };
  m.out.output_buffer().dim(0).set_extent(LAP_ROW_TILE);
  m.out.bound(m.row, 0, LAP_ROW_TILE);
  for (int tokens : tokenBlocks) {
    if (tiles > 1) {
      block(m.out.specialize(tileCount % tiles == 0 && tokenCount % tokens == 0), tiles, tokens);
    }
    if (tokens > 1) {
      block(m.out.specialize(tokenCount % tokens == 0), 1, tokens);
    }
  }
  block(m.out, 1, 1);
}
} // namespace

void schedule(FloatMatmul &m, bool manyRows, const X86Isa &isa) {
  Var step("step");
  if (manyRows) {
    blockOutput(m, step, isa.lanes / 8, {isa.accumulators, isa.accumulators / 2});
  } else {
    blockOutput(m, step, isa.accumulators / 2, {1});
  }
  m.sum.compute_at(m.out, step).vectorize(m.row, LAP_ROW_TILE).unroll(m.token).unroll(m.tile);
  m.sum.update()
      .reorder(m.row, m.tile, m.token, m.column)
      .vectorize(m.row, LAP_ROW_TILE)
      .unroll(m.token)
      .unroll(m.tile);
}

void schedule(GroupMatmul &m, bool manyRows, const X86Isa &isa) {
  Var step("step");
  // One tile at a time: it is one stream of memory, and the dots of its groups do not depend on each other.
  blockOutput(m, step, 1, manyRows ? std::vector<int>{isa.accumulators, isa.accumulators / 2} : std::vector<int>{1});
  m.sum.compute_at(m.out, step).vectorize(m.row, LAP_ROW_TILE).unroll(m.token).unroll(m.tile);
  m.sum.update()
      .reorder(m.row, m.tile, m.token, m.groups)
      .vectorize(m.row, LAP_ROW_TILE)
      .unroll(m.token)
      .unroll(m.tile);
  m.dot.compute_at(m.sum, m.groups).vectorize(m.row, LAP_ROW_TILE).unroll(m.token).unroll(m.tile);
  auto unrolled = [&](Stage stage) { return stage.vectorize(m.row).unroll(m.token).unroll(m.tile); };
  if (m.usesPairs) {
    m.pairSum.compute_at(m.sum, m.groups).vectorize(m.pair, 2).unroll(m.token).unroll(m.tile).vectorize(m.row);
    for (int i = 0; i < m.pairSum.num_update_definitions(); ++i) {
      Stage stage = m.pairSum.update(i);
      // Saturating addition is not associative, but nothing saturates here.
      stage.reorder(m.block.x, m.pair, m.row, m.token, m.tile, m.block.y).atomic(true).vectorize(m.block.x);
      unrolled(stage.vectorize(m.pair, 2)).unroll(m.block.y);
    }
    Stage stage = m.dot.update();
    stage.reorder(m.pairs, m.row, m.token, m.tile).atomic().vectorize(m.pairs);
    unrolled(stage);
    return;
  }
  for (int i = 0; i < m.dot.num_update_definitions(); ++i) {
    Stage stage = m.dot.update(i);
    stage.reorder(m.block.x, m.row, m.token, m.tile, m.block.y).atomic().vectorize(m.block.x);
    unrolled(stage).unroll(m.block.y);
  }
}

} // namespace lapidary::x86
