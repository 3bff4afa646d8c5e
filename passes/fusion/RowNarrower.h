//===- RowNarrower.h - removes token rows nobody reads from a function ------===//
// SPDX-License-Identifier: Apache-2.0
//
// The core of prune-dead-positions: one walk over a function from its end, where every reader of a value is already in
// its final form when the value is reached.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_FUSION_ROWNARROWER_H
#define LAPIDARY_PASSES_FUSION_ROWNARROWER_H

#include "dialects/gemma/Gemma.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace lapidary {

/// `type` with one fixed row instead of token rows: tensor<?x..> -> tensor<1x..>, !gemma.q8<?x..> -> !gemma.q8<1x..>.
mlir::Type oneRow(mlir::Type type);

class RowNarrower {
public:
  /// `function` has one block.
  explicit RowNarrower(mlir::func::FuncOp function);

  /// Erases dead ops and moves gemma.select_last above every PositionWise op that only it reads.
  void run();

  unsigned pruned() const { return numPruned; }
  unsigned moved() const { return numMoved; }

private:
  void narrow(mlir::Operation *op);
  mlir::Value lastRowOf(mlir::Value value);
  void forget(mlir::Operation *op);

  mlir::Block &block;
  mlir::OpBuilder builder;
  llvm::DenseMap<mlir::Value, mlir::Value> lastRows; ///< value -> its select_last, so that readers share one
  unsigned numPruned = 0;
  unsigned numMoved = 0;
};

} // namespace lapidary

#endif // LAPIDARY_PASSES_FUSION_ROWNARROWER_H
