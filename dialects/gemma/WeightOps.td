//===- WeightOps.td - weights as symbols ----------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// A checkpoint of 60 GB must not enter the IR, so weights are names of byte ranges; only packing reads them.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_WEIGHTOPS_TD
#define LAPIDARY_DIALECTS_GEMMA_WEIGHTOPS_TD

include "dialects/gemma/GemmaTypes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Gemma_WeightOp : Gemma_Op<"weight", [Symbol]> {
  let summary = "Declares a tensor of the checkpoint";
  let description = [{
    Names where the values are (shard, byte offset); they are never loaded into the IR.

    ```mlir
    gemma.weight @model.norm.weight : tensor<96xbf16> shard 0 offset 1024
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type, I64Attr:$shard, I64Attr:$offset);
  let assemblyFormat = "$sym_name `:` $type `shard` $shard `offset` $offset attr-dict";
  let hasVerifier = 1; // static shape, dtype f32 or bf16, rank 1..3, shard and offset >= 0
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
  let arguments = (ins Variadic<2DTensorOf<[F32, BF16]>>:$inputs);
  let results = (outs 2DTensorOf<[F32, BF16]>:$result);
  let assemblyFormat = "$inputs `:` functional-type($inputs, $result) attr-dict";
  let hasVerifier = 1;
}

#endif
