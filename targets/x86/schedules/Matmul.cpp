// Matmul.cpp - matvec and matmat of integer matrices on x86-64.
// SPDX-License-Identifier: Apache-2.0
//
// The 16 rows of a tile are the lanes of the accumulators. matvec follows one tile, because memory is what limits it
// (neighbouring tiles of 1,536 columns side by side are slower than one after the other), but several streams side by
// side, which keep more of memory busy (docs/performance.md). matmat holds `accumulators` tokens of one tile in
// registers, so a weight vector is loaded (and its nibbles unpacked) once for all of them. Counts that do not divide
// fall back to smaller blocks through specialisations, with the same bits.
#include "targets/x86/schedules/Schedules.h"

namespace lapidary::x86 {

using namespace Halide;

namespace {
/// Rows of activations that a step takes, the largest count first; one row has its code in any case (blockOutput).
std::vector<int> rowBlocks(bool manyRows, int streamedRows, const CpuIsa &isa) {
  const int most = manyRows ? isa.accumulators : streamedRows;
  std::vector<int> blocks;
  for (int rows : {8, 4, 3, 2}) {
    if (rows <= most) {
      blocks.push_back(rows);
    }
  }
  return blocks.empty() ? std::vector<int>{1} : blocks;
}

/// One tile at a time; of several streams one of each, with as many rows as the registers hold then: `streamedRows`
/// where one holds a tile's sums, otherwise one. Either number of planes has code of its own; each plane of a token
/// takes an accumulator.
template <typename Matmul> void blockPlanes(Matmul &m, Var step, bool manyRows, int streamedRows, const CpuIsa &isa) {
  boundRows(m);
  Stage onePlane = m.out.specialize(m.planeCount == 1);
  for (int rows = 1; !manyRows && rows <= (isa.lanes == LAP_ROW_TILE ? streamedRows : 1); ++rows) {
    blockStreams(m, onePlane, step, rows);
  }
  blockOutput(m, onePlane, step, 1, rowBlocks(manyRows, streamedRows, isa));
  blockOutput(m, m.out, step, 1, {manyRows ? isa.accumulators / 2 : 1});
}

/// A stage of a tile: rows are lanes, everything else is unrolled.
template <typename Matmul> Stage unrolled(Matmul &m, Stage stage) {
  return stage.vectorize(m.row).unroll(m.plane).unroll(m.token).unroll(m.tile).unroll(m.stream);
}

/// Sums of pairs in int16, and their addition to the dot. Saturating addition is not associative, but nothing
/// saturates.
template <typename Matmul> void schedulePairs(Matmul &m, PlaneStages &s, const std::vector<VarOrRVar> &inner) {
  unrolled(m, s.part.vectorize(m.pair, 2));
  for (int i = 0; i < s.part.num_update_definitions(); ++i) {
    Stage stage = s.part.update(i);
    stage.reorder(inner).atomic(true).vectorize(m.block.x);
    unrolled(m, stage.vectorize(m.pair, 2));
  }
}
} // namespace

void schedule(GroupMatmul &m, bool manyRows, const CpuIsa &isa) {
  Var step("step");
  // The dots of a tile's groups do not depend on each other.
  blockPlanes(m, step, manyRows, lap::MostStreamedRows, isa);
  for (PlaneStages &s : m.stages) {
    s.sum.compute_at(m.out, step).vectorize(m.row, LAP_ROW_TILE).unroll(m.token).unroll(m.tile).unroll(m.stream);
    s.sum.update()
        .reorder(m.row, m.tile, m.stream, m.token, m.groups)
        .vectorize(m.row, LAP_ROW_TILE)
        .unroll(m.token)
        .unroll(m.tile)
        .unroll(m.stream);
    s.dot.bound(m.plane, 0, s.planes).compute_at(s.sum, m.groups);
    unrolled(m, s.dot);
    if (m.usesPairs) {
      s.part.compute_at(s.sum, m.groups);
      schedulePairs(m, s, {m.block.x, m.pair, m.row, m.plane, m.token, m.tile, m.stream, m.block.y});
      for (int i = 0; i < s.part.num_update_definitions(); ++i) {
        s.part.update(i).unroll(m.block.y);
      }
      Stage stage = s.dot.update();
      stage.reorder(m.pairs, m.row, m.plane, m.token, m.tile, m.stream).atomic().vectorize(m.pairs);
      unrolled(m, stage);
      continue;
    }
    for (int i = 0; i < s.dot.num_update_definitions(); ++i) {
      Stage stage = s.dot.update(i);
      stage.reorder(m.block.x, m.row, m.plane, m.token, m.tile, m.stream, m.block.y).atomic().vectorize(m.block.x);
      unrolled(m, stage).unroll(m.block.y);
    }
  }
}

void schedule(RowMatmul &m, bool manyRows, const CpuIsa &isa) {
  Var step("outStep");
  blockPlanes(m, step, manyRows, 1, isa);
  m.rowSum.compute_root()
      .store_in(MemoryType::Stack)
      .bound_storage(m.plane, LAP_PLANES)
      .bound_storage(m.token, RowMatmul::maxTokens);
  m.rowSum.update(0).atomic().vectorize(m.strandR, LAP_COLUMN_PAD);
  m.rowSum.update(1).reorder(m.tailColumns.x, m.tailColumns.y).atomic().vectorize(m.tailColumns.x);
  m.strands.compute_at(m.rowSum, m.plane).store_in(MemoryType::Stack).vectorize(m.strand, LAP_COLUMN_PAD);
  m.strands.update()
      .reorder(m.strandColumns.x, m.strand, m.strandColumns.y)
      .atomic()
      .vectorize(m.strandColumns.x)
      .vectorize(m.strand, LAP_COLUMN_PAD);
  for (PlaneStages &s : m.stages) {
    s.sum.compute_at(m.out, step).vectorize(m.row, LAP_ROW_TILE).unroll(m.token).unroll(m.tile).unroll(m.stream);
    s.dot.bound(m.plane, 0, s.planes).compute_at(m.out, step);
    unrolled(m, s.dot);
    switch (m.fields) {
    case RowMatmul::Fields::InPlace: {
      s.part.bound(m.field, 0, m.fieldCount).bound(m.plane, 0, s.planes).compute_at(m.out, step);
      unrolled(m, s.part).unroll(m.field);
      Stage stage = s.part.update();
      stage.reorder(m.block.x, m.row, m.field, m.plane, m.token, m.tile, m.stream, m.block.z)
          .atomic()
          .vectorize(m.block.x);
      unrolled(m, stage).unroll(m.field);
      break;
    }
    case RowMatmul::Fields::Shifted: {
      Stage stage = s.dot.update();
      stage.reorder(m.block.x, m.row, m.plane, m.token, m.tile, m.stream, m.block.y, m.block.z)
          .atomic()
          .vectorize(m.block.x);
      unrolled(m, stage).unroll(m.block.y);
      break;
    }
    case RowMatmul::Fields::Pairs: {
      s.part.bound(m.plane, 0, s.planes).compute_at(s.dot, m.blocks.y);
      schedulePairs(m, s, {m.block.x, m.pair, m.row, m.plane, m.token, m.tile, m.stream});
      Stage stage = s.dot.update();
      stage.reorder(m.blocks.x, m.row, m.plane, m.token, m.tile, m.stream, m.blocks.y).atomic().vectorize(m.blocks.x);
      unrolled(m, stage);
      break;
    }
    }
  }
}

} // namespace lapidary::x86
