// Elementwise.h - column-by-column algorithms on f32 rows.
// SPDX-License-Identifier: Apache-2.0
//
// Every one maps zero columns to zero columns, which keeps the padding of a row zero. Outputs may be inputs.
#ifndef LAPIDARY_TARGETS_COMMON_ALGORITHMS_ELEMENTWISE_H
#define LAPIDARY_TARGETS_COMMON_ALGORITHMS_ELEMENTWISE_H

#include "targets/common/algorithms/Algorithm.h"

namespace lapidary {

/// An algorithm whose only stage is its output [column].
struct Elementwise : Algorithm {
  Halide::Var column{"column"};
  Halide::Func out{"out"};
};

/// gate, up f32 [column] -> gelu_tanh(gate) * up
/// toIntegers: step f32 after up -> int8 clamp(round(that / step), -128, 127)
struct GeluMul : Elementwise {
  explicit GeluMul(bool toIntegers);
};

/// a, b f32 [column], scale f32 -> (a + b) * scale
struct Add : Elementwise {
  Add();
};

/// x f32 [column], step f32 -> int8 clamp(round(x / step), -128, 127)
struct QuantizeStatic : Elementwise {
  QuantizeStatic();
};

/// x f32 [column], scale f32 -> x * scale
struct Scale : Elementwise {
  Scale();
};

/// x f32 [column], cap f32 -> cap * tanh(x / cap)
struct Softcap : Elementwise {
  Softcap();
};

/// x f32 [column, rank], weights f32 [rank] -> sum over ranks, in order, of weights[rank] * x[rank]
struct CombineExperts : Elementwise {
  CombineExperts();
  Halide::Func total{"total"};
  Halide::RDom rank;
};

} // namespace lapidary

#endif
