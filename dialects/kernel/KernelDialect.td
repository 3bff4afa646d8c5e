//===- KernelDialect.td - the kernel dialect ------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// What the machine does: destination style on buffers with arena offsets, weights in packed types, one op per kernel
// algorithm. passes/lowering writes it; a target's code generation reads it. runtime/include/lapidary/ProgramAbi.h has
// one argument block per op of this dialect.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_KERNEL_KERNELDIALECT_TD
#define LAPIDARY_DIALECTS_KERNEL_KERNELDIALECT_TD

include "mlir/IR/OpBase.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::lapidary::kernel";
  let summary = "Kernel calls on planned buffers";
  let description = [{
    A lowered module holds `kernel.packed_weight` and `kernel.kv_cache` symbols and up to three functions without
    arguments and results: @score, @step, @extend. Token ids, positions, caches and the logits buffer belong to the
    caller's step (ProgramAbi.h). Compute ops are in destination style: operands before `into` are read, those after it
    are written.

    ```mlir
    func.func @step() {
      %x = kernel.alloc : !kernel.buffer<tokens x 96 x f32>
      %table = kernel.weight @w.0 : !kernel.packed<512x96, <bf16>, "tiles16">
      kernel.embed %table scale 9.8 into %x : !kernel.packed<512x96, <bf16>, "tiles16">,
        !kernel.buffer<tokens x 96 x f32>
      kernel.barrier
      ...
    }
    ```
  }];
  let dependentDialects = ["::lapidary::gemma::GemmaDialect"];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    /// Adds types and attributes (KernelTypes.cpp).
    void registerTypes();
  }];
}

class Kernel_Op<string mnemonic, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, traits>;

#endif
