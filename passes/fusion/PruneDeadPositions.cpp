//===- PruneDeadPositions.cpp - prune-dead-positions -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A prompt token other than the last only has to leave K and V behind. The pass makes two smaller programs out of
// @score and removes from each the rows nobody reads:
//
//   @score  -> tensor<?xVxf32>    logits of every row
//   @step   -> tensor<1xVxf32>    logits of the last row; as few ops as possible see all rows
//   @extend                       no result: only what feeds a gemma.kv_update is left
//
// In models whose upper layers share K/V (E2B: 20 of 35 layers) @extend never runs them and @step runs them on one row.
// Exact to the bit. gemma.kv_update is the only op with an effect and is never removed.
//===----------------------------------------------------------------------===//
#include "passes/fusion/Passes.h"
#include "passes/fusion/RowNarrower.h"

#include "llvm/ADT/BitVector.h"

using namespace mlir;

namespace lapidary {
#define GEN_PASS_DEF_PRUNEDEADPOSITIONS
#include "passes/fusion/Passes.h.inc"

namespace {
/// Reports a @score that does not return one tensor of token rows from one block.
LogicalResult checkScore(func::FuncOp score) {
  if (!score.getBody().hasOneBlock()) {
    return score.emitError() << "function @score has " << score.getBody().getBlocks().size() << " blocks, expected one";
  }
  FunctionType type = score.getFunctionType();
  bool isLogits =
      type.getNumResults() == 1 && isa<RankedTensorType>(type.getResult(0)) && gemma::hasTokenRows(type.getResult(0));
  if (!isLogits) {
    return score.emitError() << "function @score has type " << type
                             << ", expected one result with one row for each token (tensor<?x..>)";
  }
  return success();
}

func::FuncOp cloneAs(func::FuncOp score, StringRef name) {
  func::FuncOp clone = score.clone();
  clone.setName(name);
  return clone;
}

/// A copy of `score` that returns the logits of the last row.
func::FuncOp createStep(func::FuncOp score) {
  func::FuncOp step = cloneAs(score, "step");
  Operation *terminator = step.getBody().front().getTerminator();
  Type rowType = oneRow(score.getFunctionType().getResult(0));
  OpBuilder builder(terminator);
  Value last = gemma::SelectLastOp::create(builder, terminator->getLoc(), rowType, terminator->getOperand(0));
  terminator->setOperand(0, last);
  step.setFunctionType(builder.getFunctionType(score.getArgumentTypes(), rowType));
  return step;
}

/// A copy of `score` that returns nothing.
FailureOr<func::FuncOp> createExtend(func::FuncOp score) {
  func::FuncOp extend = cloneAs(score, "extend");
  extend.getBody().front().getTerminator()->eraseOperand(0);
  if (failed(extend.eraseResults(llvm::BitVector(1, true)))) {
    extend.erase();
    return failure();
  }
  return extend;
}

struct PruneDeadPositions : impl::PruneDeadPositionsBase<PruneDeadPositions> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    Operation *step = symbols.lookup("step");
    Operation *extend = symbols.lookup("extend");
    if (step && extend) {
      return; // pruned already
    }
    if (Operation *lone = step ? step : extend) {
      lone->emitError() << "the module has @" << (step ? "step" : "extend") << " but not @"
                        << (step ? "extend" : "step") << ", expected both or neither";
      return signalPassFailure();
    }
    auto score = symbols.lookup<func::FuncOp>("score");
    if (!score || score.isExternal()) {
      getOperation().emitError() << "the module defines no function @score, which the pruned functions are made from";
      return signalPassFailure();
    }
    if (failed(checkScore(score)) || failed(addPruned(symbols, score))) {
      signalPassFailure();
    }
  }

  LogicalResult addPruned(SymbolTable &symbols, func::FuncOp score) {
    FailureOr<func::FuncOp> extend = createExtend(score);
    if (failed(extend)) {
      return failure();
    }
    Block::iterator position = std::next(Block::iterator(score));
    for (func::FuncOp function : {createStep(score), *extend}) {
      symbols.insert(function, position);
      RowNarrower narrower(function);
      narrower.run();
      numPruned += narrower.pruned();
      numMoved += narrower.moved();
    }
    return success();
  }
};
} // namespace
} // namespace lapidary
