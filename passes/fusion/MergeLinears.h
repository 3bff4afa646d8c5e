//===- MergeLinears.h - several products of one input become one ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What merge-qkv-projections and merge-gate-up-projections share: when a product may be merged, and the rewrite itself.
// They differ in how they choose the products.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_FUSION_MERGELINEARS_H
#define LAPIDARY_PASSES_FUSION_MERGELINEARS_H

#include "dialects/gemma/Gemma.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/DenseMap.h"

namespace lapidary {

/// How often each weight of a function is read: a weight that something else reads too must keep a layout of its own.
class WeightReaders {
public:
  explicit WeightReaders(mlir::func::FuncOp function);

  /// True when `linear` has an input of f32 rows, no storage yet, and a checkpoint weight that only it reads.
  bool isMergeable(gemma::LinearOp linear) const;

private:
  llvm::DenseMap<mlir::StringAttr, unsigned> readers;
};

/// Replaces `linears` (at least two, mergeable, one block) by one product over their stacked weights and one
/// slice_columns for each, in the given order. Fails, changing nothing, when inputs, element types or column counts
/// differ or the sum of the rows overflows.
mlir::LogicalResult mergeLinears(mlir::RewriterBase &rewriter, llvm::ArrayRef<gemma::LinearOp> linears);

} // namespace lapidary

#endif // LAPIDARY_PASSES_FUSION_MERGELINEARS_H
