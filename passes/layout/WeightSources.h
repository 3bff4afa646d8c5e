//===- WeightSources.h - which rows of a packed weight come from where --------===//
// SPDX-License-Identifier: Apache-2.0
//
// A packed weight may stack several tensors of the checkpoint (q, k and v). Its rows are also the columns of the
// product, and views of those columns start where whole vectors do, so every source of a stack starts at a multiple of
// 32 rows and the rows between are zero. The pass that packs and the driver that streams the values both ask here.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_LAYOUT_WEIGHTSOURCES_H
#define LAPIDARY_PASSES_LAYOUT_WEIGHTSOURCES_H

#include "dialects/gemma/Gemma.h"
#include "dialects/kernel/Kernel.h"

#include "mlir/IR/BuiltinOps.h"

namespace lapidary {

/// One tensor of a packed weight: its values are rows `firstRow` .. `firstRow + rows - 1` of the packed shape, where
/// expert tensors count as [experts * rows, columns] and vectors as one row.
struct WeightSource {
  gemma::WeightOp weight;
  uint64_t firstRow;
  uint64_t rows;
};

/// Rows that `rows` rows of a source take in a stack of `sources` tensors: padded to 32 when there are several.
int64_t stackedRows(int64_t rows, size_t sources);

/// The sources of `packed` in row order; empty when it is made of `values`. Rows between them are zero. A name that is
/// no gemma.weight is an error (reported on `packed`).
mlir::FailureOr<llvm::SmallVector<WeightSource>> weightSources(kernel::PackedWeightOp packed);

} // namespace lapidary

#endif // LAPIDARY_PASSES_LAYOUT_WEIGHTSOURCES_H
