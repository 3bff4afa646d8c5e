// Norms.h - RMS norms and rotary embedding of one row (or one head of a row).
// SPDX-License-Identifier: Apache-2.0
//
// The sum of squares is taken in 16 strands (column c in strand c % 16) that are then added in order: a fixed order
// that every target can vectorise. Padding columns are zero and stay zero; `width` is the number of real columns.
#ifndef LAPIDARY_TARGETS_COMMON_ALGORITHMS_NORMS_H
#define LAPIDARY_TARGETS_COMMON_ALGORITHMS_NORMS_H

#include "targets/common/algorithms/Algorithm.h"

namespace lapidary {

/// The stages every norm shares.
struct NormStages : Algorithm {
  Halide::Var column{"column"}, strand{"strand"};
  Halide::Func strands{"strands"}, squares{"squares"}, factor{"factor"};
  Halide::RDom step;    // over groups of 16 columns
  Halide::RDom strandR; // over the 16 strands

protected:
  /// Defines the stages: factor() = 1 / sqrt(sum(x^2) / width + epsilon).
  void defineFactor(const Halide::ImageParam &x, Halide::Expr width, Halide::Expr epsilon);
};

/// x f32 [column], w f32 [column], width f32, epsilon f32, weighted int32 -> out = x * factor (* w when weighted)
/// toIntegers: step f32 after weighted -> out int8 = clamp(round(that / step), -128, 127)
struct RmsNorm : NormStages {
  explicit RmsNorm(bool toIntegers);
  Halide::Func out{"out"};
  Halide::Expr weighted;
};

/// residual, x, w f32 [column], width, epsilon, scale f32 -> out = (residual + x * factor * w) * scale
struct ResidualNorm : NormStages {
  ResidualNorm();
  Halide::Func out{"out"};
};

/// x, w f32 [head_dim], table f32 [pair, 2: cos, sin], width, epsilon f32 -> out [pair, 2: first, second half]
struct NormRotary : NormStages {
  NormRotary();
  Halide::Var pair{"pair"}, half{"half"};
  Halide::Func normed{"normed"}, out{"out"};
};

} // namespace lapidary

#endif
