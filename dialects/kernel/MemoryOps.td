//===- MemoryOps.td - packed weights, caches, buffers ---------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// Where things are: weights in the weight segment, buffers in the arena, the logits with the caller; and the barrier
// that orders them.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_KERNEL_MEMORYOPS_TD
#define LAPIDARY_DIALECTS_KERNEL_MEMORYOPS_TD

include "dialects/kernel/KernelTypes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_PackedWeightOp : Kernel_Op<"packed_weight", [Symbol]> {
  let summary = "Declares a weight of the emitted program";
  let description = [{
    Built from `sources` (gemma.weight symbols) stacked along their rows, or from `values` (constants such as rotary
    frequencies). `offset` is its place in the weight segment; pack-weights assigns it. `gathered` weights are read a
    row at a time and placed last.

    ```mlir
    kernel.packed_weight @w.0 sources [@q_proj, @k_proj] : !kernel.packed<80x96, <w4, group = 32>,
      "tiles16"> offset 4096
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<FlatSymbolRefArrayAttr>:$sources,
                        OptionalAttr<DenseF32ArrayAttr>:$values,
                       TypeAttrOf<Kernel_Packed>:$type, I64Attr:$offset, UnitAttr:$gathered);
  let assemblyFormat = "$sym_name (`sources` $sources^)? (`values` $values^)? (`gathered` $gathered^)? `:` $type "
      "`offset` $offset attr-dict";
  let hasVerifier = 1;
}

def Kernel_WeightOp : Kernel_Op<"weight", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The value of a packed weight";
  let description = [{
    Makes a kernel.packed_weight an SSA value; the type is that of the declaration.

    ```mlir
    %w = kernel.weight @w.0 : !kernel.packed<80x96, <w4, group = 32>, "tiles16">
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs Kernel_Packed:$result);
  let assemblyFormat = "$weight `:` qualified(type($result)) attr-dict";
}

def Kernel_AllocOp : Kernel_Op<"alloc", [MemoryEffects<[MemAlloc]>]> {
  let summary = "A buffer in the arena";
  let description = [{
    `at` (bytes from the start of the arena) is absent until plan-memory has placed it.

    ```mlir
    %x = kernel.alloc : !kernel.buffer<tokens x 96 x f32>
    %y = kernel.alloc at 4096 : !kernel.buffer<1 x 96 x f32>
    ```
  }];
  let arguments = (ins OptionalAttr<I64Attr>:$offset);
  let results = (outs Kernel_Buffer:$result);
  let assemblyFormat = "(`at` $offset^)? `:` qualified(type($result)) attr-dict";
}

def Kernel_LogitsOp : Kernel_Op<"logits", [Pure]> {
  let summary = "The caller's logits buffer";
  let description = [{
    One row per token in @score, one fixed row in @step. It belongs to the caller, so plan-memory leaves it alone.

    ```mlir
    %l = kernel.logits : !kernel.buffer<1 x 512 x f32>
    ```
  }];
  let results = (outs Kernel_F32:$result);
  let assemblyFormat = "`:` qualified(type($result)) attr-dict";
}

def Kernel_ColumnsOp : Kernel_Op<"columns", [Pure]> {
  let summary = "A view of some columns of a buffer";
  let description = [{
    Shares the rows of its input; writing it writes the input. `offset` is a multiple of 16 columns.

    ```mlir
    %g = kernel.columns %gu from 48 : !kernel.buffer<tokens x 96 x f32> -> !kernel.buffer<tokens x 48 x f32>
    ```
  }];
  let arguments = (ins Kernel_F32:$input, I64Attr:$offset);
  let results = (outs Kernel_F32:$result);
  let assemblyFormat = "$input `from` $offset `:` qualified(type($input)) `->` qualified(type($result)) attr-dict";
  let hasVerifier = 1;
}

def Kernel_BarrierOp : Kernel_Op<"barrier", []> {
  let summary = "All lanes wait for each other";
  let description = [{
    Placed by insert-barriers where an op reads what another op wrote (or overwrites what it read): the ops split their
    rows over the lanes in different ways.

    ```mlir
    kernel.barrier
    ```
  }];
  let assemblyFormat = "attr-dict";
}

#endif
