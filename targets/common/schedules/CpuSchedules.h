// CpuSchedules.h - how the common algorithms run on CPUs with vector registers.
// SPDX-License-Identifier: Apache-2.0
//
// One overload per algorithm. A schedule depends on the instruction set only through CpuIsa; it never changes what is
// computed, and with strict floats not even the bits. Products of integer matrices are scheduled, or written, by each
// target.
#ifndef LAPIDARY_TARGETS_COMMON_SCHEDULES_CPUSCHEDULES_H
#define LAPIDARY_TARGETS_COMMON_SCHEDULES_CPUSCHEDULES_H

#include "runtime/src/cpu/ItemBytes.h"
#include "targets/common/algorithms/Attention.h"
#include "targets/common/algorithms/Elementwise.h"
#include "targets/common/algorithms/Matmul.h"
#include "targets/common/algorithms/Norms.h"
#include "targets/common/algorithms/Rows.h"

#include <string_view>
#include <vector>

namespace lapidary {

/// One instruction set level.
struct CpuIsa {
  std::string_view name;           // the last part of a kernel's name
  std::string_view halideFeatures; // appended to Halide's target
  int lanes;                       // floats in a vector register
  int accumulators;                // 16-row accumulators that fit the register file beside the operands
  ByteProducts products;           // of integer matrices
  IntegerCode integers;            // of weights
};

/// matvec (one row of activations) or matmat (many).
void schedule(FloatMatmul &algorithm, bool manyRows, const CpuIsa &isa);
void schedule(RmsNorm &algorithm, const CpuIsa &isa);
void schedule(ResidualNorm &algorithm, const CpuIsa &isa);
void schedule(NormRotary &algorithm, const CpuIsa &isa);
void schedule(KvAppend &algorithm, const CpuIsa &isa);
void schedule(AttentionSlice &algorithm, const CpuIsa &isa);
void schedule(AttentionMerge &algorithm, const CpuIsa &isa);
void schedule(Elementwise &algorithm, const CpuIsa &isa);
void schedule(CombineExperts &algorithm, const CpuIsa &isa);
void schedule(EmbedFloat &algorithm, const CpuIsa &isa);
void schedule(EmbedGroup &algorithm, const CpuIsa &isa);
void schedule(EmbedRow &algorithm, const CpuIsa &isa);
void schedule(Quantize &algorithm, const CpuIsa &isa);
void schedule(QuantizeRow &algorithm, const CpuIsa &isa);

/// Blocks the output of a product (`base`: the stage, or a specialisation of it) by (tiles, tokens) per step of `step`,
/// for the largest factors that divide the extents.
template <typename Matmul>
void blockOutput(Matmul &m, Halide::Stage base, Halide::Var step, int tiles, const std::vector<int> &tokenBlocks) {
  Halide::Var tileOuter("tileOuter"), tileInner("tileInner"), tokenInner("tokenInner");
  Halide::Expr tileCount = m.out.output_buffer().dim(2).extent(), tokenCount = m.out.output_buffer().dim(1).extent();
  auto block = [&](Halide::Stage stage, int tileFactor, int tokenFactor) {
    stage.split(m.tile, tileOuter, tileInner, tileFactor)
        .split(m.token, step, tokenInner, tokenFactor)
        .reorder(m.row, tileInner, tokenInner, step, tileOuter)
        .vectorize(m.row, LAP_ROW_TILE)
        .unroll(tileInner)
        .unroll(tokenInner);
  };
  for (int tokens : tokenBlocks) {
    if (tiles > 1) {
      block(base.specialize(tileCount % tiles == 0 && tokenCount % tokens == 0), tiles, tokens);
    }
    if (tokens > 1) {
      block(base.specialize(tokenCount % tokens == 0), 1, tokens);
    }
  }
  block(base, 1, 1);
}

/// lap::MostStreams streams and `tokens` rows of activations: a tile of each stream per step.
template <typename Matmul> void blockStreams(Matmul &m, Halide::Stage base, Halide::Var step, int tokens = 1) {
  Halide::Var streamOuter("streamOuter"), streamInner("streamInner"), tokenInner("tokenInner");
  Halide::OutputImageParam out = m.out.output_buffer();
  const int streams = static_cast<int>(lap::MostStreams);
  base.specialize(out.dim(3).extent() == streams && out.dim(1).extent() == tokens)
      .split(m.stream, streamOuter, streamInner, streams)
      .split(m.token, step, tokenInner, tokens)
      .reorder(m.row, streamInner, tokenInner, step, m.tile, streamOuter)
      .vectorize(m.row, LAP_ROW_TILE)
      .unroll(streamInner)
      .unroll(tokenInner);
}

template <typename Matmul> void boundRows(Matmul &m) {
  m.out.output_buffer().dim(0).set_extent(LAP_ROW_TILE);
  m.out.bound(m.row, 0, LAP_ROW_TILE);
}

} // namespace lapidary

#endif
