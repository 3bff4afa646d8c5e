//===- CacheOperands.h - tensor core operands straight from the K/V caches ---===//
// SPDX-License-Identifier: Apache-2.0
//
// Both products of attention are sums over one index of the cache times one vector per query, and both caches keep the
// *other* index contiguous, in blocks of 16 (ProgramAbi.h: lap_cache):
//
//   scores   [64 keys]    x [8 queries] = sum over head columns of K[column][16 keys]  * q[column][query]
//   values   [64 columns] x [8 queries] = sum over keys         of V[key][16 columns]  * weight[key][query]
//
// `mma.m16n8k16` wants pairs along the sum in one register, so a lane loads the same eight keys (columns) of four steps
// of the sum and pairs them up itself: no shared memory and no ldmatrix between a cache and the tensor cores. With lane
// = 4 g + t a lane of a warp loads, for r = 0..3, the 8 elements of step first + 4 r + t in half g % 2 of block g / 2:
//
//   row g      of product i = element 8 g + i     of the set of 64, i = 0..3
//   row g + 8  of product i = element 8 g + i + 4
//   k index 2 t, 2 t + 1, 2 t + 8, 2 t + 9 = steps t, 4 + t, 8 + t, 12 + t
//
// One load instruction of a warp reads 4 steps x 16 elements of each of four blocks: 128 successive bytes each for
// bf16.
//
// Exactness: bf16 and int8 elements are bf16 numbers as they are; a float is the sum of three (8 + 8 + 8 bits of its
// significand). The other operand (queries, weights) is split the same way into 2 or 3 parts; products of parts below
// 2^-24 (three parts) of the largest are left out.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_CACHEOPERANDS_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_CACHEOPERANDS_H

#include "targets/cuda/kernels/KernelBuilder.h"

#include "lapidary/ProgramAbi.h"

#include <array>
#include <functional>

namespace lapidary::cuda {

constexpr unsigned setElements = 64;   ///< keys or columns that a warp multiplies at once
constexpr unsigned sumSteps = 16;      ///< of one mma
constexpr unsigned productFloats = 16; ///< of a lane, for 64 elements x 8 queries: [i][row g: 2 queries, row g + 8: 2]

/// What a lane is to the products.
struct Lane {
  Val g, t;
  Val block; ///< of the set of 64: g / 2
  Val half;  ///< first of its 8 elements: (g % 2) * 8
};
Lane laneOf(KernelBuilder &k);

/// The A operands of one step of 16, as loaded: `octets[r]` are the 8 elements of step 4 r + t.
using RawOperand = std::array<Vals, 4>;
/// `index`: the element of r = 0 (i32); successive steps are 16 elements apart.
RawOperand loadOperand(KernelBuilder &k, lap_format format, Val base, Val index);

/// The A operands of the four products: [plane][product][4 words].
using Operand = llvm::SmallVector<std::array<Vals, 4>, 3>;
Operand unpackOperand(KernelBuilder &k, lap_format format, const RawOperand &raw);

/// The steps first, first + stride, .. below end of a sum: where a lane's elements of each are.
struct CacheSteps {
  lap_format format;
  Val base; ///< of a K/V head's keys or values
  Val first, end, stride;
  std::function<Val(Val)> index; ///< of a step: that of r = 0; asked for steps 0 .. max(end, 1) - 1

  /// The operand of `step`, or of the nearest one that there is.
  RawOperand load(KernelBuilder &k, Val step) const;
};
/// Carries `sums` through the steps. `start` is the operand of the first one; the loads of each step are under way
/// while the one before it is multiplied.
Vals walkSteps(KernelBuilder &k, const CacheSteps &steps, const RawOperand &start, llvm::ArrayRef<Val> sums,
               llvm::function_ref<Vals(Val step, const Operand &, llvm::ArrayRef<Val> sums)> body);

/// A float as `parts` (1..3) bf16 numbers, the largest first, each in the high half of an i32. Three are exact.
Vals splitFloat(KernelBuilder &k, Val value, unsigned parts);
/// The high halves of two words in one.
Val packHigh(KernelBuilder &k, Val low, Val high);

/// The B operand of 8 queries: [part] of two words (steps t and 4 + t, 8 + t and 12 + t) of query g.
using Parts = llvm::SmallVector<std::array<Val, 2>, 3>;
/// From the query's floats (or weights) at the steps t, 4 + t, 8 + t, 12 + t.
Parts splitQuery(KernelBuilder &k, const std::array<Val, 4> &values, unsigned parts);

/// sums + operand x query: `sums` are the productFloats of 8 queries.
Vals multiply(KernelBuilder &k, const Operand &operand, const Parts &query, llvm::ArrayRef<Val> sums);

/// Where a row's keys are.
struct RowPlace {
  Val caches;   ///< i64
  Val position; ///< i32
};
RowPlace loadPlace(KernelBuilder &k, Val places, Val row);
/// The place in a ring of `blocks` of the block that is `distance` (0..blocks) behind the one at `base`.
Val ringBlock(Val base, Val distance, Val blocks);
/// The first position that a row at `position` sees.
Val lowestVisible(Val position, Val window);

/// The score of a key that is not seen.
constexpr double unseen = -3.402823466385288598e38; // -FLT_MAX
/// e^(score - maximum), 0 for an unseen key; relative error 2^-21.
Val softmaxWeight(KernelBuilder &k, Val score, Val maximum);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_CACHEOPERANDS_H
