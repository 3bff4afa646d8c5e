// Rows.cpp - embedding lookup and activation quantization on x86-64.
// SPDX-License-Identifier: Apache-2.0
//
// Embedding rows of a tiled matrix are strided, so their loads are scalar; it is one row per token.
#include "targets/x86/schedules/Schedules.h"

namespace lapidary::x86 {

using namespace Halide;

void schedule(EmbedFloat &embed, const X86Isa &isa) { embed.out.vectorize(embed.column, 16, TailStrategy::RoundUp); }

void schedule(EmbedGroup &embed, const X86Isa &isa) {
  embed.out.bound(embed.c, 0, 4).bound(embed.block, 0, embed.blocks).bound(embed.half, 0, embed.halves);
  embed.out.reorder(embed.c, embed.block, embed.half, embed.group)
      .vectorize(embed.c)
      .vectorize(embed.block)
      .unroll(embed.half);
}

void schedule(Quantize &quantize, const X86Isa &isa) {
  quantize.scales.compute_root();
  quantize.largest.compute_at(quantize.scales, quantize.group).store_in(MemoryType::Stack);
  quantize.largest.update().atomic().vectorize(quantize.columns, LAP_GROUP);
  quantize.values.compute_root().bound(quantize.column, 0, LAP_GROUP).vectorize(quantize.column, LAP_GROUP);
  quantize.sums.compute_root();
  quantize.sumOf.compute_at(quantize.sums, quantize.group).store_in(MemoryType::Stack);
  quantize.sumOf.update().atomic().vectorize(quantize.columns, LAP_GROUP);
}

} // namespace lapidary::x86
