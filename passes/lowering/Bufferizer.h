//===- Bufferizer.h - which buffer holds which tensor --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// State of lower-gemma-to-kernel for one function: the buffer (or view) of every tensor lowered so far, and the answer
// to the question that saves memory: may this op overwrite its input? Kernel ops are inserted in front of the gemma op
// being lowered; the gemma ops are erased when the whole function is done.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_LOWERING_BUFFERIZER_H
#define LAPIDARY_PASSES_LOWERING_BUFFERIZER_H

#include "passes/TargetBackend.h"
#include "passes/layout/PackedSymbols.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lapidary {

class Bufferizer {
public:
  /// `chunk`: most tokens per call, which bounds the sorted rows of routed experts.
  Bufferizer(mlir::func::FuncOp function, const TargetBackend &target, PackedSymbols &symbols, unsigned chunk);

  /// Inserts in front of the op being lowered.
  mlir::OpBuilder builder;
  mlir::func::FuncOp function;
  const TargetBackend &target;
  PackedSymbols &symbols;
  WeightValues weights;
  const unsigned chunk;
  unsigned numInPlace = 0, numBuffers = 0;

  /// The buffer of a lowered tensor; null (and an error on its user) when nothing has written it.
  mlir::Value bufferOf(mlir::Value tensor) const { return buffers.lookup(tensor); }
  void setBuffer(mlir::Value tensor, mlir::Value buffer) { buffers[tensor] = buffer; }

  /// The buffer type of a tensor: `?` rows become `tokens`, heads and their columns become columns.
  kernel::BufferType typeOf(mlir::Value tensor) const;
  /// `rows` rows for every row of `tensor`.
  kernel::BufferType routedType(mlir::Value tensor, int64_t rows, int64_t columns, llvm::StringRef element) const;

  mlir::Value allocate(kernel::BufferType type, mlir::Location loc);
  /// A new buffer for `result`, or the caller's logits when the function returns it (possibly after a softcap).
  mlir::Value allocateFor(mlir::Value result);
  /// The buffer `op` should write `result` to: that of the first of `inputs` it may overwrite, else a new one.
  mlir::Value destinationFor(mlir::Value result, llvm::ArrayRef<mlir::Value> inputs, mlir::Operation *op);

  /// True when nothing reads the columns of `tensor` after `op`, and `op` reads them through one operand only.
  bool mayOverwrite(mlir::Value tensor, mlir::Operation *op) const;
  /// True when the 32-column groups that `tensor` touches hold nothing else; every kernel may then read whole groups.
  bool ownsItsGroups(mlir::Value tensor) const;

  /// True when the kernel of `maker` can do `round` (which may be null), and anybody needs it.
  bool canRound(mlir::Operation *maker, gemma::QuantizeActivationOp round) const;
  /// The rounding that is all that reads the result of `op`, when the kernel of `maker` (`op` itself, or what is fused
  /// with it) can do it.
  gemma::QuantizeActivationOp onlyRounding(mlir::Operation *op, mlir::Operation *maker) const;
  /// `out` holds `rows`, or what `round` (unless null) makes of them.
  void setRoundedBuffer(mlir::Value rows, gemma::QuantizeActivationOp round, mlir::Value out);

  /// Rows of `indices` sorted by expert; sorted once for all experts ops that use the same route.
  mlir::Value &sortedRows(mlir::Value indices) { return sorted[indices]; }
  /// cos and sin for the rows of `op`, made once for all that share parameters and rows.
  mlir::FailureOr<mlir::Value> rotaryTable(gemma::NormRotaryOp op);

private:
  llvm::DenseMap<mlir::Value, mlir::Value> buffers;
  llvm::DenseMap<mlir::Value, mlir::Value> sorted;
  llvm::DenseMap<mlir::Operation *, std::array<mlir::Value, 2>> tables; ///< [token rows, one row] by frequencies
  mlir::Value logits;
};

/// True when the function returns `tensor`, directly or through a softcap.
bool isReturned(mlir::Value tensor);

/// Lowers one op; the op itself stays until the function is done. Every failure has been reported on the op.
mlir::LogicalResult lowerRows(Bufferizer &state, mlir::Operation *op, bool &out_known);
mlir::LogicalResult lowerAttention(Bufferizer &state, mlir::Operation *op, bool &out_known);
mlir::LogicalResult lowerExperts(Bufferizer &state, mlir::Operation *op, bool &out_known);

} // namespace lapidary

#endif // LAPIDARY_PASSES_LOWERING_BUFFERIZER_H
