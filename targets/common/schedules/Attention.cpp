// Attention.cpp - K/V cache writes and attention.
// SPDX-License-Identifier: Apache-2.0
//
// Scores: two 16-key blocks times up to 8 queries in registers, the query values broadcast; every K vector is loaded
// once for all queries. Values: 32 columns of V times up to 8 queries, the weights broadcast. The scores and weights of
// a slice (32 blocks, 8 queries) are two 16 KiB arrays on the stack.
#include "targets/common/schedules/CpuSchedules.h"

namespace lapidary {

using namespace Halide;

namespace {
constexpr int maxBlocks = LAP_ATTENTION_SLICE / LAP_ROW_TILE;
constexpr int maxQueries = 8;

/// Calls `apply(stage, queries)` for every number of query rows that has its own code.
template <typename Apply> void forQueryCounts(Func f, Expr queries, const CpuIsa &isa, Apply apply) {
  for (int count : {8, 4, 2}) {
    // A narrower register file takes 8 queries in two steps.
    apply(f.specialize(queries == count), std::min(count, isa.accumulators));
  }
  apply(f, 1);
}

void scheduleScores(AttentionSlice &a, const CpuIsa &isa) {
  Var step("step"), blockInner("blockInner"), queryOuter("queryOuter"), queryInner("queryInner");
  a.score.compute_root()
      .store_in(MemoryType::Stack)
      .bound_storage(a.key, LAP_ROW_TILE)
      .bound_storage(a.block, maxBlocks)
      .bound_storage(a.query, maxQueries);
  forQueryCounts(a.score, a.queries, isa, [&](Stage stage, int queries) {
    stage.split(a.block, step, blockInner, 2, TailStrategy::RoundUp)
        .split(a.query, queryOuter, queryInner, queries, TailStrategy::RoundUp)
        .reorder(a.key, blockInner, queryInner, queryOuter, step)
        .vectorize(a.key, LAP_ROW_TILE, TailStrategy::RoundUp)
        .unroll(blockInner)
        .unroll(queryInner);
  });
  a.scoreSum.compute_at(a.score, queryOuter).vectorize(a.key, LAP_ROW_TILE).unroll(a.block).unroll(a.query);
  a.scoreSum.update()
      .reorder(a.key, a.block, a.query, a.dim)
      .vectorize(a.key, LAP_ROW_TILE)
      .unroll(a.block)
      .unroll(a.query);
}

void scheduleSoftmax(AttentionSlice &a) {
  a.weight.compute_root()
      .store_in(MemoryType::Stack)
      .bound_storage(a.key, LAP_ROW_TILE)
      .bound_storage(a.block, maxBlocks)
      .bound_storage(a.query, maxQueries)
      .reorder(a.key, a.block, a.query)
      .vectorize(a.key, LAP_ROW_TILE, TailStrategy::RoundUp);
  struct Reduction {
    Func strands, result, output;
  };
  for (Reduction r :
       {Reduction{a.maximumStrands, a.maximumMax, a.maximum}, Reduction{a.totalStrands, a.totalSum, a.total}}) {
    r.output.compute_root();
    r.result.compute_at(r.output, a.query).store_in(MemoryType::Stack);
    r.result.update().unroll(a.strandR);
    r.strands.compute_at(r.output, a.query).store_in(MemoryType::Stack).vectorize(a.key, LAP_ROW_TILE);
    r.strands.update().reorder(a.key, a.blockR).vectorize(a.key, LAP_ROW_TILE);
  }
}

void scheduleValues(AttentionSlice &a, const CpuIsa &isa) {
  Var step("valueStep"), inner("inner"), queryOuter("queryOuter"), queryInner("queryInner");
  a.sum.output_buffer().dim(0).set_extent(LAP_ROW_TILE);
  a.sum.bound(a.column, 0, LAP_ROW_TILE);
  Expr parts = a.sum.output_buffer().dim(1).extent();
  auto tile = [&](Stage stage, int partFactor, int queries) {
    stage.split(a.part, step, inner, partFactor)
        .split(a.query, queryOuter, queryInner, queries)
        .reorder(a.column, inner, queryInner, queryOuter, step)
        .vectorize(a.column, LAP_ROW_TILE)
        .unroll(inner)
        .unroll(queryInner);
  };
  for (int count : {8, 4, 2}) {
    const int queries = std::min(count, isa.accumulators);
    tile(a.sum.specialize(a.queries == count && parts % 2 == 0), 2, queries);
    tile(a.sum.specialize(a.queries == count), 1, queries);
  }
  tile(a.sum.specialize(parts % 2 == 0), 2, 1);
  tile(a.sum, 1, 1);
  a.valueSum.compute_at(a.sum, queryOuter).vectorize(a.column, LAP_ROW_TILE).unroll(a.part).unroll(a.query);
  a.valueSum.update()
      .reorder(a.column, a.part, a.query, a.keyBlock.x, a.keyBlock.y)
      .vectorize(a.column, LAP_ROW_TILE)
      .unroll(a.part)
      .unroll(a.query);
}
} // namespace

void schedule(KvAppend &append, const CpuIsa &isa) {
  append.keyOut.compute_root();
  append.valueOut.output_buffer().dim(0).set_extent(LAP_ROW_TILE);
  append.valueOut.compute_root().bound(append.column, 0, LAP_ROW_TILE).vectorize(append.column, LAP_ROW_TILE);
}

void schedule(AttentionSlice &a, const CpuIsa &isa) {
  scheduleScores(a, isa);
  scheduleSoftmax(a);
  scheduleValues(a, isa);
}

void schedule(AttentionMerge &merge, const CpuIsa &isa) {
  merge.newMaximum.compute_root();
  merge.newTotal.compute_root();
  merge.newSum.compute_root().vectorize(merge.d, 16, TailStrategy::GuardWithIf);
}

} // namespace lapidary
