//===- ExpertOps.td - mixture of experts ----------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// Two ops for a whole mixture of experts: which experts, and their weighted sum. How rows are sorted and batched is a
// matter of the kernel dialect.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_EXPERTOPS_TD
#define LAPIDARY_DIALECTS_GEMMA_EXPERTOPS_TD

include "dialects/gemma/GemmaTypes.td"
include "dialects/gemma/GemmaAttrs.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Gemma_RouteOp : Gemma_PositionWiseOp<"route"> {
  let summary = "Chooses the experts of each token and their weights";
  let description = [{
    Softmax over all experts in f32, the `top_k` largest (ties: lowest index), divided by their sum, then multiplied by
    the chosen experts' `expert_scale` (gemma4-spec 4.8).

    ```mlir
    %w, %e = gemma.route %logits, %scale top_k 3 : (tensor<?x8xf32>, tensor<8xbf16>) -> (tensor<?x3xf32>,
      tensor<?x3xi32>)
    ```
  }];
  let arguments = (ins Gemma_Rows:$logits, Gemma_Vector:$expertScale, I64Attr:$topK);
  let results = (outs Gemma_Rows:$weights, 2DTensorOf<[I32]>:$indices);
  let assemblyFormat = "$logits `,` $expertScale `top_k` $topK `:` functional-type(operands, results) attr-dict";
  let hasVerifier = 1;
}

def Gemma_ExpertsOp : Gemma_PositionWiseOp<"experts"> {
  let summary = "Weighted sum of the chosen experts' gated MLPs";
  let description = [{
    `sum_k weights[k] * (gelu(y G^T) * (y U^T)) D^T` with G, U the halves of `gateUp[e]` (rows 0..M-1 and M..2M-1),
    D = `down[e]`, e = `indices[k]`, summed in order of k. The activations are quantized inside when `storage` is
    integer.

    ```mlir
    %m = gemma.experts %y, %w, %e, %gate_up, %down
       : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x44x88xbf16>,
         tensor<8x88x22xbf16>) -> tensor<?x88xf32>
    ```
  }];
  let arguments = (ins Gemma_Rows:$input, Gemma_Rows:$weights, 2DTensorOf<[I32]>:$indices, Gemma_Experts:$gateUp,
                        Gemma_Experts:$down,
                       OptionalAttr<Gemma_FormatAttr>:$storage);
  let results = (outs Gemma_Rows:$result);
  let assemblyFormat = "$input `,` $weights `,` $indices `,` $gateUp `,` $down (`storage` $storage^)? `:` "
      "functional-type(operands, $result) attr-dict";
  let hasVerifier = 1;
}

#endif
