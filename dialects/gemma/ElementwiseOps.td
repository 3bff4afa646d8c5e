//===- ElementwiseOps.td - elementwise ops --------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// No broadcasting and no shape arithmetic: both sides have the same type, so the passes never ask.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_ELEMENTWISEOPS_TD
#define LAPIDARY_DIALECTS_GEMMA_ELEMENTWISEOPS_TD

include "dialects/gemma/GemmaTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Gemma_BinaryOp<string mnemonic> : Gemma_PositionWiseOp<mnemonic, [AllTypesMatch<["lhs", "rhs", "result"]>]> {
  let arguments = (ins Gemma_AnyRows:$lhs, Gemma_AnyRows:$rhs);
  let results = (outs Gemma_AnyRows:$result);
  let assemblyFormat = "$lhs `,` $rhs `:` type($lhs) attr-dict";
}

def Gemma_AddOp : Gemma_BinaryOp<"add"> {
  let summary = "Adds rows elementwise";
  let description = [{
    The residual sum, and the sum of the dense and the routed branch. Both sides have the same type; there is no
    broadcast.

    ```mlir
    %x1 = gemma.add %x, %branch : tensor<?x96xf32>
    ```
  }];
}

def Gemma_MulOp : Gemma_BinaryOp<"mul"> {
  let summary = "Multiplies rows elementwise";
  let description = [{
    The gate times the up projection before fuse-gated-gelu. Both sides have the same type; there is no broadcast.

    ```mlir
    %gu = gemma.mul %g, %u : tensor<?x56xf32>
    ```
  }];
}

def Gemma_GeluOp : Gemma_PositionWiseOp<"gelu", [AllTypesMatch<["input", "result"]>]> {
  let summary = "GELU in its tanh form";
  let description = [{
    `0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))` (gemma4-spec 3).

    ```mlir
    %g = gemma.gelu %x : tensor<?x56xf32>
    ```
  }];
  let arguments = (ins Gemma_Rows:$input);
  let results = (outs Gemma_Rows:$result);
  let assemblyFormat = "$input `:` type($input) attr-dict";
}

def Gemma_GeluMulOp : Gemma_PositionWiseOp<"gelu_mul", [AllTypesMatch<["gate", "up", "result"]>]> {
  let summary = "gelu(gate) * up: the gated activation";
  let description = [{
    Written by fuse-gated-gelu from `gelu` + `mul`, so that the gate is not stored in between.

    ```mlir
    %gu = gemma.gelu_mul %gate, %up : tensor<?x56xf32>
    ```
  }];
  let arguments = (ins Gemma_Rows:$gate, Gemma_Rows:$up);
  let results = (outs Gemma_Rows:$result);
  let assemblyFormat = "$gate `,` $up `:` type($gate) attr-dict";
}

def Gemma_ScaleOp : Gemma_PositionWiseOp<"scale", [AllTypesMatch<["input", "result"]>]> {
  let summary = "Multiplies rows by a constant";
  let description = [{
    For the constants of the model that are not weights: 1/sqrt(hidden) before the router, 1/sqrt(2) of the per-layer
    inputs.

    ```mlir
    %y = gemma.scale %x by 0.5 : tensor<?x96xf32>
    ```
  }];
  let arguments = (ins Gemma_AnyRows:$input, F32Attr:$factor);
  let results = (outs Gemma_AnyRows:$result);
  let assemblyFormat = "$input `by` $factor `:` type($input) attr-dict";
}

def Gemma_ScaleByWeightOp : Gemma_PositionWiseOp<"scale_by_weight", [AllTypesMatch<["input", "result"]>]> {
  let summary = "Multiplies rows by a one-element weight (the layer scalar)";
  let description = [{
    Every layer ends with it: the whole residual stream times the layer scalar (gemma4-spec 4.10).

    ```mlir
    %x3 = gemma.scale_by_weight %x2, %s : tensor<?x96xf32>, tensor<1xbf16>
    ```
  }];
  let arguments = (ins Gemma_Rows:$input, Gemma_Vector:$weight);
  let results = (outs Gemma_Rows:$result);
  let assemblyFormat = "$input `,` $weight `:` type($input) `,` type($weight) attr-dict";
  let hasVerifier = 1;
}

def Gemma_SoftcapOp : Gemma_PositionWiseOp<"softcap", [AllTypesMatch<["input", "result"]>]> {
  let summary = "cap * tanh(x / cap)";
  let description = [{
    Bounds the logits to -cap .. cap (gemma4-spec 4.11).

    ```mlir
    %l = gemma.softcap %logits cap 30.0 : tensor<?x512xf32>
    ```
  }];
  let arguments = (ins Gemma_Rows:$input, F32Attr:$cap);
  let results = (outs Gemma_Rows:$result);
  let assemblyFormat = "$input `cap` $cap `:` type($input) attr-dict";
  let hasVerifier = 1; // cap > 0
}

#endif
