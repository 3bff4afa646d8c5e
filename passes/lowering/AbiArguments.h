//===- AbiArguments.h - IR values as the C structs of ProgramAbi.h ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Emitted programs contain these structs byte for byte; including the header the runtime includes is what keeps both
// sides together.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_LOWERING_ABIARGUMENTS_H
#define LAPIDARY_PASSES_LOWERING_ABIARGUMENTS_H

#include "lapidary/ProgramAbi.h"
#include "passes/TargetBackend.h"

namespace lapidary {

class AbiArguments {
public:
  AbiArguments(mlir::ModuleOp module, const TargetBackend &target) : symbols(module), target(target) {}

  /// A planned buffer, the logits, or a view of one. A view keeps the row distance of its buffer.
  lap_buffer buffer(mlir::Value value) const;
  /// The value of a kernel.weight; a null value is an absent weight (rows == 0).
  lap_weight weight(mlir::Value value) const;
  lap_cache cache(mlir::FlatSymbolRefAttr name) const;

  /// Columns a kernel may touch through `value`: whole groups of 32, but 16 where the last group of a view is not its
  /// own.
  static uint32_t safeColumns(mlir::Value value);

private:
  mlir::SymbolTable symbols;
  const TargetBackend &target;
};

/// The call of one op driver.
struct DriverCall {
  llvm::StringRef driver; ///< "matmul": its C symbol behind the target's prefix
  std::string arguments;  ///< bytes of its argument block
};

/// The driver and argument block of `op`. Buffers must be planned and symbols exist (the pass checks both).
DriverCall driverCall(const AbiArguments &abi, mlir::Operation *op);

} // namespace lapidary

#endif // LAPIDARY_PASSES_LOWERING_ABIARGUMENTS_H
