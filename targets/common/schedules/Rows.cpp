// Rows.cpp - embedding lookup and activation quantization.
// SPDX-License-Identifier: Apache-2.0
//
// Embedding rows of a tiled matrix are strided, so their loads are scalar; it is one row per token.
#include "targets/common/schedules/CpuSchedules.h"

namespace lapidary {

using namespace Halide;

void schedule(EmbedFloat &embed, const CpuIsa &isa) { embed.out.vectorize(embed.column, 16, TailStrategy::RoundUp); }

void schedule(EmbedGroup &embed, const CpuIsa &isa) {
  embed.out.bound(embed.c, 0, 4).bound(embed.block, 0, embed.blocks).bound(embed.half, 0, embed.halves);
  embed.out.reorder(embed.c, embed.block, embed.half, embed.group)
      .vectorize(embed.c)
      .vectorize(embed.block)
      .unroll(embed.half);
}

void schedule(EmbedRow &embed, const CpuIsa &isa) {
  embed.out.bound(embed.c, 0, 4).bound(embed.field, 0, embed.fields);
  embed.out.reorder(embed.c, embed.field, embed.block).vectorize(embed.c).unroll(embed.field);
}

void schedule(QuantizeRow &quantize, const CpuIsa &isa) {
  quantize.scale.compute_root();
  quantize.most.compute_root().store_in(MemoryType::Stack);
  quantize.most.update().atomic().vectorize(quantize.strandR);
  quantize.largest.compute_root()
      .store_in(MemoryType::Stack)
      .bound(quantize.strand, 0, LAP_COLUMN_PAD)
      .vectorize(quantize.strand, LAP_COLUMN_PAD);
  quantize.largest.update().reorder(quantize.strand, quantize.columns).vectorize(quantize.strand, LAP_COLUMN_PAD);
  quantize.middle.compute_root().vectorize(quantize.column, LAP_COLUMN_PAD, TailStrategy::RoundUp);
  quantize.high.compute_root().vectorize(quantize.column, LAP_COLUMN_PAD, TailStrategy::RoundUp);
  quantize.low.compute_root().vectorize(quantize.column, LAP_COLUMN_PAD, TailStrategy::RoundUp);
}

void schedule(Quantize &quantize, const CpuIsa &isa) {
  quantize.scales.compute_root();
  int strands = LAP_GROUP;
  for (Func &largest : quantize.largest) {
    strands /= 2;
    largest.compute_at(quantize.scales, quantize.group).store_in(MemoryType::Register);
    largest.bound(quantize.strand, 0, strands).vectorize(quantize.strand, strands);
  }
  quantize.values.compute_root().bound(quantize.column, 0, LAP_GROUP).vectorize(quantize.column, LAP_GROUP);
  quantize.sums.compute_root();
  quantize.sumOf.compute_at(quantize.sums, quantize.group).store_in(MemoryType::Stack);
  quantize.sumOf.update().atomic().vectorize(quantize.columns, LAP_GROUP);
}

} // namespace lapidary
