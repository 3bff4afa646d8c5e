//===- Rounding.h - f32 rows to the integers that products read --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A rounding of its own is a launch, so the kernels that make the rows of products can round them as well: norms, the
// gated activation, attention. Every step is that of targets/common/algorithms/Rows.cpp, so integers and scales have
// the same bits wherever they are made. Layouts of rows: ProgramAbi.h, lap_element.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_ROUNDING_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_ROUNDING_H

#include "targets/cuda/kernels/KernelBuilder.h"

#include "lapidary/ProgramAbi.h"

namespace lapidary::cuda {

/// What a kernel's name says behind the op: nothing for f32, "_i8", "_q8", "_q24", "_r24".
llvm::StringRef roundingSuffix(lap_element element);

/// Stores `value`, which this lane has of `column`, to the row at `out`, rounded to `element`: f32, i8 (`step`), q8,
/// q24. `columns` are the row's, a multiple of 32. Group formats: all lanes of a warp must get here, with the 32
/// columns of a group in order.
void storeRounded(KernelBuilder &k, lap_element element, Val value, Val out, Val column, Val columns, Val step);

/// Bits in which the numbers of the four lanes of a group differ, where lane 4 g + t has 8 columns at a multiple of 8 g
/// (products of CacheOperands.h).
constexpr unsigned octetLaneBits = 4 | 8;

/// The same for the 8 `values` that this lane has of the columns from `column` on, if `wanted` (i1, the same for the
/// lanes of a group). All lanes of the warp must get here.
void storeOctet(KernelBuilder &k, lap_element element, llvm::ArrayRef<Val> values, Val out, Val column, Val columns,
                Val step, Val wanted);

/// Stores columns [0, columns) of one row, by all threads of the block; `valueOf` gives a column's value, and is asked
/// twice for each by r24 (whose scale is that of the row). `columns` is a multiple of 32.
void storeRow(KernelBuilder &k, lap_element element, Val out, Val columns, Val step,
              llvm::function_ref<Val(Val)> valueOf);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_ROUNDING_H
