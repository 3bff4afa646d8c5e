//===- GemmaInterfaces.td - interfaces of the gemma dialect ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// What passes ask without knowing the op: which operands follow the token rows, and what a weight is logically once a
// target has packed it.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_GEMMAINTERFACES_TD
#define LAPIDARY_DIALECTS_GEMMA_GEMMAINTERFACES_TD

include "mlir/IR/OpBase.td"

def Gemma_PositionWise : OpInterface<"PositionWiseOpInterface"> {
  let cppNamespace = "::lapidary::gemma";
  let description = [{
    Row i of every result depends only on row i of the position operands (and on operands that have no token rows:
    weights, caches). `prune-dead-positions` moves `gemma.select_last` through exactly these ops.
  }];
  let methods = [InterfaceMethod<
      "Indices of the operands that are indexed by token row.",
      "::llvm::SmallVector<unsigned>", "getPositionOperands", (ins), "",
      [{
        ::llvm::SmallVector<unsigned> indices;
        for (auto [index, operand] : ::llvm::enumerate($_op->getOperands())) {
          if (::lapidary::gemma::hasTokenRows(operand.getType()))
            indices.push_back(index);
        }
        return indices;
      }]>];
}

def Gemma_PackedWeightType : TypeInterface<"PackedWeightTypeInterface"> {
  let cppNamespace = "::lapidary::gemma";
  let description = [{A weight in a target's own layout; lets gemma ops verify their shapes after pack-weights.}];
  let methods = [InterfaceMethod<
      "Logical shape, without padding: [rows, columns], [experts, rows, columns] or [columns].",
      "::llvm::ArrayRef<int64_t>", "getLogicalShape">];
}

#endif
