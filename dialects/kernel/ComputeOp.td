//===- ComputeOp.td - base of the ops that run on the machine -*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// What every op that runs on the machine has in common. Barriers, memory planning and code generation see only this
// interface.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_KERNEL_COMPUTEOP_TD
#define LAPIDARY_DIALECTS_KERNEL_COMPUTEOP_TD

include "dialects/kernel/KernelTypes.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/SymbolInterfaces.td"

def Kernel_ComputeOpInterface : OpInterface<"ComputeOpInterface"> {
  let cppNamespace = "::lapidary::kernel";
  let description = [{
    One call of an op driver. `kernels` (an optional attribute of every compute op) names the kernels that
    select-kernels chose for it, in the order of the driver's parameters.
  }];
  let methods = [
    InterfaceMethod<"Buffers the op reads: the buffer operands before `into`. A buffer that is updated in place is "
                    "read and written (the same SSA value appears in both lists).",
        "::llvm::SmallVector<::mlir::Value>", "getReadBuffers", (ins), "",
        "return ::lapidary::kernel::leadingBuffers($_op, $_op.getWrittenBuffers().size());">,
    InterfaceMethod<"Buffers the op writes: the operands after `into`.",
        "::llvm::SmallVector<::mlir::Value>", "getWrittenBuffers", (ins), "", "return {$_op.getOut()};">,
    InterfaceMethod<"Items of a row, when the lanes get equal shares of the items of all rows, in order: whole rows, heads "
                    "or chunks of columns. Such ops may follow each other without a barrier on buffers of the same items: "
                    "a lane reads only what it wrote itself. None for ops that are shared out in another way.",
        "::lapidary::kernel::RowItems", "getRowItems", (ins), "", "return {};">,
    InterfaceMethod<"Chosen kernels, null before select-kernels.",
        "::mlir::ArrayAttr", "getKernelNames", (ins), "", "return $_op.getKernelsAttr();">,
    InterfaceMethod<"Sets the chosen kernels.",
        "void", "setKernelNames", (ins "::mlir::ArrayAttr":$names), "", "$_op.setKernelsAttr(names);">,
  ];
}

// Destination style: operands named in `reads` are read, those after `into` are written.
class Kernel_ComputeOp<string mnemonic, list<Trait> traits = []> :
    Kernel_Op<mnemonic, !listconcat([DeclareOpInterfaceMethods<Kernel_ComputeOpInterface>], traits)> {
  let hasVerifier = 1;
}

#endif
