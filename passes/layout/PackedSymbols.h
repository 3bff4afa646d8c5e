//===- PackedSymbols.h - kernel.packed_weight symbols, each made once ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Several uses of one weight must find one symbol: that is what keeps a tied embedding in memory once. The table below
// knows the symbols of a module by what they hold.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_LAYOUT_PACKEDSYMBOLS_H
#define LAPIDARY_PASSES_LAYOUT_PACKEDSYMBOLS_H

#include "passes/TargetBackend.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lapidary {

class PackedSymbols {
public:
  /// Learns the symbols `module` has already.
  explicit PackedSymbols(mlir::ModuleOp module);

  /// The symbol that holds `sources` (names of gemma.weight, stacked) as `type`; made if there is none yet.
  kernel::PackedWeightOp find(mlir::Location loc, llvm::ArrayRef<mlir::Attribute> sources, kernel::PackedType type,
                              bool gathered);
  /// The symbol that holds the constants `values` as `type`; made if there is none yet.
  kernel::PackedWeightOp find(mlir::Location loc, llvm::ArrayRef<float> values, kernel::PackedType type);

  /// How many symbols find() has made.
  unsigned made() const { return numMade; }

private:
  using Key = std::pair<mlir::Attribute, mlir::Type>; // sources or values, and type
  kernel::PackedWeightOp make(mlir::Location loc, mlir::ArrayAttr sources, mlir::DenseF32ArrayAttr values,
                              kernel::PackedType type, bool gathered);

  mlir::ModuleOp module;
  llvm::DenseMap<Key, kernel::PackedWeightOp> known;
  unsigned next = 0, numMade = 0;
};

/// kernel.weight ops of one function, one per symbol, each before its first use.
class WeightValues {
public:
  /// The value of `symbol` for `user`, which must come after all users asked for before.
  mlir::Value get(kernel::PackedWeightOp symbol, mlir::Operation *user);

private:
  llvm::DenseMap<mlir::Operation *, mlir::Value> values;
};

} // namespace lapidary

#endif // LAPIDARY_PASSES_LAYOUT_PACKEDSYMBOLS_H
