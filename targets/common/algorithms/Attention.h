// Attention.h - K/V cache writes and attention over slices of the cache.
// SPDX-License-Identifier: Apache-2.0
//
// A slice is LAP_ATTENTION_SLICE keys from a multiple of that position. The slice kernel attends a few query rows of
// one KV head to (the visible 16-key blocks of) one slice; merge folds a slice's result into the running state, in
// slice order. Masked keys contribute exact zeros, so neither the choice of blocks nor the batching of queries changes
// a bit.
#ifndef LAPIDARY_TARGETS_COMMON_ALGORITHMS_ATTENTION_H
#define LAPIDARY_TARGETS_COMMON_ALGORITHMS_ATTENTION_H

#include "lapidary/ProgramAbi.h"
#include "targets/common/algorithms/Algorithm.h"

namespace lapidary {

/// key f32 [head_dim], value f32 [16, head_dim / 16]
///   -> keyOut [head_dim] (any stride), valueOut [16, head_dim / 16] (any outer stride), f32 or uint16 (bf16)
/// int8 caches: keyStep, valueStep f32 after value; the integers are clamp(round(x / step), -128, 127).
struct KvAppend : Algorithm {
  explicit KvAppend(lap_format element);
  Halide::Var d{"d"}, column{"column"}, part{"part"};
  Halide::Func keyOut{"keyOut"}, valueOut{"valueOut"};
};

/// query f32 [head_dim, query], key [16 keys, head_dim, block], value [16 columns, 16 keys, block, head_dim / 16] (f32,
/// uint16 or int8, whole ring of one KV head), low, high int32 [query] (first and last visible position), position
/// int32 (of the first key), firstBlock, blocks, ringBlocks int32
///   -> maximum f32 [query], total f32 [query], sum f32 [16, head_dim / 16, query]
/// maximum: largest visible score (-FLT_MAX: none); total: sum of exp(score - maximum); sum: the same weighted with V.
///
/// int8 caches are summed in integers, whose order does not matter. A query row q, less the keys' step, is rounded to
/// int16 by the driver, round(q * (32767 / largest |q|)) (zero where that is at most 2^-100), once for all slices;
/// queryStep f32 [query], after query, is largest |q| / 32767. A weight becomes round(32767 * weight); total and sum
/// are then 32767 times as large, as floats of exact int32 sums. With at most lap::MostIntegerHeadDim dimensions, and
/// 512 keys in a slice, sums stay below 2^31. Rounding moves a score by some 2^-15 of itself, what the cache's own
/// rounding moves by 2^-8.
struct AttentionSlice : Algorithm {
  explicit AttentionSlice(lap_format element);
  bool integers; // an int8 cache
  Halide::Var key{"key"}, block{"block"}, query{"query"}, column{"column"}, part{"part"};
  Halide::Func scoreSum{"scoreSum"}, score{"score"}; // [key, block, query]
  Halide::Func maximumStrands{"maximumStrands"}, maximum{"maximum"};
  Halide::Func weight{"weight"}; // [key, block, query], integers: int16
  Halide::Func totalStrands{"totalStrands"}, total{"total"};
  Halide::Func valueSum{"valueSum"}, sum{"sum"}; // [column, part, query]
  Halide::Func totalSum{"totalSum"}, maximumMax{"maximumMax"};
  Halide::RDom dim, blockR, strandR, keyBlock; // keyBlock.x: key of the block, .y: block
  Halide::Expr queries;                        // query rows of the call
};

/// oldMaximum, oldTotal, sliceMaximum, sliceTotal f32 [query], oldSum, sliceSum f32 [head_dim, query]
///   -> newMaximum, newTotal f32 [query], newSum f32 [head_dim, query]; newSum may be oldSum.
struct AttentionMerge : Algorithm {
  AttentionMerge();
  Halide::Var query{"query"}, d{"d"};
  Halide::Func newMaximum{"newMaximum"}, newTotal{"newTotal"}, newSum{"newSum"};
};

} // namespace lapidary

#endif
