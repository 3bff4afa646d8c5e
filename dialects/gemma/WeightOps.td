//===- WeightOps.td - weights as symbols ----------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// A checkpoint of 60 GB must not enter the IR, so weights are names of byte ranges; only packing reads them.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_WEIGHTOPS_TD
#define LAPIDARY_DIALECTS_GEMMA_WEIGHTOPS_TD

include "dialects/gemma/GemmaAttrs.td"
include "dialects/gemma/GemmaTypes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Gemma_WeightOp : Gemma_Op<"weight", [Symbol, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Declares a tensor of the checkpoint";
  let description = [{
    Names where the values are (shard, byte offset); they are never loaded into the IR. A weight that the checkpoint
    stores as integers has an element type of 2, 4 or 8 bits and says in `integers` how they lie and what scales them;
    wherever it is used it stands for the scaled values. `on_grid`: plain values that are 4-bit integers times a bf16 scale of
    32 columns (models that were trained for 4 bits are released like that, too).

    ```mlir
    gemma.weight @model.norm.weight : tensor<96xbf16> shard 0 offset 1024
    gemma.weight @up.weight_scale : tensor<192x1xf32> shard 0 offset 2048
    gemma.weight @up.weight : tensor<192x96xi4> shard 0 offset 4096
      integers <offset, row_bytes = 48, group = 96, scales = @up.weight_scale>
    gemma.weight @gate.weight : tensor<192x96xbf16> shard 0 offset 8192 {on_grid}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type, I64Attr:$shard, I64Attr:$offset,
                       OptionalAttr<Gemma_IntegersAttr>:$integers, UnitAttr:$on_grid);
  let assemblyFormat = "$sym_name `:` $type `shard` $shard `offset` $offset (`integers` $integers^)? attr-dict";
  let hasVerifier = 1; // static shape; f32 or bf16 of rank 1..3, or integers of rank 2; shard and offset >= 0
}

def Gemma_GetWeightOp : Gemma_Op<"get_weight", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The value of a checkpoint tensor";
  let description = [{
    Makes a gemma.weight an SSA value; the type is that of the declaration.

    ```mlir
    %w = gemma.get_weight @model.norm.weight : tensor<96xbf16>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$weight `:` type($result) attr-dict";
}

def Gemma_ConcatRowsOp : Gemma_Op<"concat_rows", [Pure]> {
  let summary = "Stacks weight matrices along their rows";
  let description = [{
    Written by the merge passes, so that several projections of one input become one product. Only on weights.

    ```mlir
    %qkv = gemma.concat_rows %q, %k, %v : (tensor<64x96xbf16>, tensor<16x96xbf16>,
      tensor<16x96xbf16>) -> tensor<96x96xbf16>
    ```
  }];
  let arguments = (ins Variadic<Gemma_Tensor>:$inputs);
  let results = (outs Gemma_Tensor:$result);
  let assemblyFormat = "$inputs `:` functional-type($inputs, $result) attr-dict";
  let hasVerifier = 1;
}

#endif
