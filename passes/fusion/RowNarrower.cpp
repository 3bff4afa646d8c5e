//===- RowNarrower.cpp - removes token rows nobody reads from a function ----===//
// SPDX-License-Identifier: Apache-2.0
//
// "Row i of the result depends only on row i of the operands" (the PositionWise interface) makes selecting the last
// row before an op the same as selecting it after: bit for bit, since the arithmetic of a row does not change.
//===----------------------------------------------------------------------===//
#include "passes/fusion/RowNarrower.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace lapidary {

Type oneRow(Type type) {
  if (auto quantized = dyn_cast<gemma::Q8Type>(type)) {
    return gemma::Q8Type::get(type.getContext(), 1, quantized.getColumns(), quantized.getGroup(),
                              quantized.getPlanes());
  }
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  shape.front() = 1;
  return tensor.clone(shape);
}

/// True for an op that computes token rows of which every reader takes the last one. Dead ops have no reader at all.
static bool isOnlySelected(Operation *op) {
  return isa<gemma::PositionWiseOpInterface>(op) && !op->use_empty() &&
         llvm::all_of(op->getResultTypes(), gemma::hasTokenRows) &&
         llvm::all_of(op->getUsers(), llvm::IsaPred<gemma::SelectLastOp>);
}

RowNarrower::RowNarrower(func::FuncOp function) : block(function.getBody().front()), builder(function) {}

void RowNarrower::run() {
  SmallVector<Operation *> ops = llvm::map_to_vector(block.without_terminator(), [](Operation &op) { return &op; });
  // Ops that this loop adds are final; selections it erases stand behind the op it visits.
  for (Operation *op : llvm::reverse(ops)) {
    if (isOpTriviallyDead(op)) {
      forget(op);
      op->erase();
      ++numPruned;
    } else if (isOnlySelected(op)) {
      narrow(op);
      ++numMoved;
    }
  }
}

/// Replaces `op` and the selections that read it by a copy of `op` on one row.
void RowNarrower::narrow(Operation *op) {
  SmallVector<unsigned> positions = cast<gemma::PositionWiseOpInterface>(op).getPositionOperands();
  builder.setInsertionPoint(op);
  Operation *copy = builder.clone(*op);
  for (unsigned index : positions) {
    copy->setOperand(index, lastRowOf(op->getOperand(index)));
  }
  for (auto [old, result] : llvm::zip_equal(op->getResults(), copy->getResults())) {
    result.setType(oneRow(result.getType()));
    for (Operation *selection : llvm::make_early_inc_range(old.getUsers())) {
      selection->replaceAllUsesWith(ValueRange{result});
      forget(selection);
      selection->erase();
    }
  }
  forget(op);
  op->erase();
}

/// The select_last of `value`, right behind its definition so that it dominates all readers.
Value RowNarrower::lastRowOf(Value value) {
  if (!gemma::hasTokenRows(value.getType())) {
    return value; // has one row already
  }
  Value &last = lastRows[value];
  if (!last) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfterValue(value);
    last = gemma::SelectLastOp::create(builder, value.getLoc(), oneRow(value.getType()), value);
  }
  return last;
}

/// Drops what is remembered about the results of an op about to be erased: their addresses may be used again.
void RowNarrower::forget(Operation *op) {
  for (Value result : op->getResults()) {
    lastRows.erase(result);
  }
}

} // namespace lapidary
