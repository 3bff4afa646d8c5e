//===- LinearOps.td - products with weights -------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// Where almost all of the weights and the time are. `storage` is the decision of quantize-weights; it does not change
// the values the op stands for, only how they are kept.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_LINEAROPS_TD
#define LAPIDARY_DIALECTS_GEMMA_LINEAROPS_TD

include "dialects/gemma/GemmaTypes.td"
include "dialects/gemma/GemmaAttrs.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Gemma_EmbeddingOp : Gemma_PositionWiseOp<"embedding"> {
  let summary = "Gathers table rows by token id and scales them";
  let description = [{
    `result[r] = table[ids[r]] * scale` (gemma4-spec 4.1, 4.2).

    ```mlir
    %x = gemma.embedding %ids, %table scale 39.25 : (tensor<?xi32>, tensor<512x96xbf16>) -> tensor<?x96xf32>
    ```
  }];
  let arguments = (ins Gemma_Ids:$ids, Gemma_Matrix:$table, F32Attr:$scale, OptionalAttr<Gemma_FormatAttr>:$storage);
  let results = (outs Gemma_Rows:$result);
  let assemblyFormat = "$ids `,` $table `scale` $scale (`storage` $storage^)? `:` functional-type(operands, $result) "
      "attr-dict";
  let hasVerifier = 1;
}

def Gemma_LinearOp : Gemma_PositionWiseOp<"linear"> {
  let summary = "Multiplies rows by a transposed weight matrix";
  let description = [{
    `result[r, n] = sum_k input[r, k] * weight[n, k]`. `storage` is how the weight will be stored; integer storage needs
    a `!gemma.q8` input (quantize-weights inserts it).

    ```mlir
    %y = gemma.linear %x, %w : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Gemma_LinearIn:$input, Gemma_Matrix:$weight, OptionalAttr<Gemma_FormatAttr>:$storage);
  let results = (outs Gemma_Rows:$result);
  let assemblyFormat = "$input `,` $weight (`storage` $storage^)? `:` functional-type(operands, $result) attr-dict";
  let hasVerifier = 1;
}

def Gemma_QuantizeActivationOp : Gemma_PositionWiseOp<"quantize_activation"> {
  let summary = "Rounds rows to int8 with one scale per group of columns";
  let description = [{
    Per row and group of columns: scale = max|x| / 127, value = x / scale rounded to nearest even. Written by
    quantize-weights once for all products with the same input.

    ```mlir
    %q = gemma.quantize_activation %x : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
    ```
  }];
  let arguments = (ins Gemma_Rows:$input);
  let results = (outs Gemma_Q8Type:$result);
  let assemblyFormat = "$input `:` type($input) `->` qualified(type($result)) attr-dict";
  let hasVerifier = 1;
}

#endif
