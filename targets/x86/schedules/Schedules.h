// Schedules.h - how the common algorithms run on x86-64.
// SPDX-License-Identifier: Apache-2.0
//
// One overload per algorithm. A schedule depends on the instruction set only through X86Isa; it never changes what is
// computed, and with strict floats not even the bits.
#ifndef LAPIDARY_TARGETS_X86_SCHEDULES_SCHEDULES_H
#define LAPIDARY_TARGETS_X86_SCHEDULES_SCHEDULES_H

#include "targets/common/algorithms/Attention.h"
#include "targets/common/algorithms/Elementwise.h"
#include "targets/common/algorithms/Matmul.h"
#include "targets/common/algorithms/Norms.h"
#include "targets/common/algorithms/Rows.h"

#include <string>
#include <string_view>

namespace lapidary::x86 {

/// One instruction set level.
struct X86Isa {
  std::string_view name;           // the last part of a kernel's name
  std::string_view halideFeatures; // appended to Halide's target
  int lanes;                       // floats in a vector register
  ByteProducts products;           // of integer matrices
  int accumulators;                // 16-row accumulators that fit the register file beside the operands
};

/// The levels, by name ("avx2", "avx512", "vnni"); null if there is none.
const X86Isa *findIsa(std::string_view name);

/// matvec (one row of activations) or matmat (many).
void schedule(FloatMatmul &algorithm, bool manyRows, const X86Isa &isa);
void schedule(GroupMatmul &algorithm, bool manyRows, const X86Isa &isa);
void schedule(RowMatmul &algorithm, bool manyRows, const X86Isa &isa);
void schedule(RmsNorm &algorithm, const X86Isa &isa);
void schedule(ResidualNorm &algorithm, const X86Isa &isa);
void schedule(NormRotary &algorithm, const X86Isa &isa);
void schedule(KvAppend &algorithm, const X86Isa &isa);
void schedule(AttentionSlice &algorithm, const X86Isa &isa);
void schedule(AttentionMerge &algorithm, const X86Isa &isa);
void schedule(Elementwise &algorithm, const X86Isa &isa);
void schedule(CombineExperts &algorithm, const X86Isa &isa);
void schedule(EmbedFloat &algorithm, const X86Isa &isa);
void schedule(EmbedGroup &algorithm, const X86Isa &isa);
void schedule(Quantize &algorithm, const X86Isa &isa);
void schedule(QuantizeRow &algorithm, const X86Isa &isa);
void schedule(EmbedRow &algorithm, const X86Isa &isa);

} // namespace lapidary::x86

#endif
