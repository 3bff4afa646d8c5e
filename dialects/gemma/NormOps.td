//===- NormOps.td - norms and rotary embedding ----------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// Norms multiply by w, not by 1 + w as in earlier Gemmas; rotation parameters are attributes, so both kinds of layers
// use one op.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_NORMOPS_TD
#define LAPIDARY_DIALECTS_GEMMA_NORMOPS_TD

include "dialects/gemma/GemmaTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

def Gemma_RmsNormOp : Gemma_PositionWiseOp<"rms_norm", [AllTypesMatch<["input", "result"]>]> {
  let summary = "Root-mean-square norm over the last dimension";
  let description = [{
    `y = x * (mean(x^2) + eps)^(-1/2) * w`; the weight multiplies directly (not 1 + w); without a weight it is 1
    (gemma4-spec 3).

    ```mlir
    %y = gemma.rms_norm %x, %w eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
    %v = gemma.rms_norm %x eps 1.0e-6 : tensor<?x1x16xf32>
    ```
  }];
  let arguments = (ins Gemma_AnyRows:$input, Optional<Gemma_Vector>:$weight, F32Attr:$eps);
  let results = (outs Gemma_AnyRows:$result);
  let assemblyFormat = "$input (`,` $weight^)? `eps` $eps `:` type($input) (`,` type($weight)^)? attr-dict";
  let hasVerifier = 1;
}

def Gemma_ResidualNormOp : Gemma_PositionWiseOp<"residual_norm", [AllTypesMatch<["residual", "input", "result"]>]> {
  let summary = "Adds a normed branch to the residual stream";
  let description = [{
    `(residual + rms_norm(input, weight)) * scale`. Written by fuse-residual-norm; `scale` is the layer scalar, a
    weight of one element, where the block ends with one.

    ```mlir
    %x1 = gemma.residual_norm %x, %y, %w eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
    %x2 = gemma.residual_norm %x, %y, %w scale %s eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>, tensor<1xbf16>
    ```
  }];
  let arguments = (ins Gemma_Rows:$residual, Gemma_Rows:$input, Gemma_Vector:$weight, Optional<Gemma_Vector>:$scale,
                        F32Attr:$eps);
  let results = (outs Gemma_Rows:$result);
  let assemblyFormat = "$residual `,` $input `,` $weight (`scale` $scale^)? `eps` $eps `:` type($input) `,` "
      "type($weight) (`,` type($scale)^)? attr-dict";
  let hasVerifier = 1;
}

def Gemma_RotaryOp : Gemma_PositionWiseOp<"rotary", [AllTypesMatch<["input", "result"]>]> {
  let summary = "Rotates pairs (j, j + D/2) of each head by position";
  let description = [{
    Angle of pair j is `position * theta^(-2j/D) / factor` for `j < pairs`, 0 for the rest (gemma4-spec 4.3).

    ```mlir
    %q1 = gemma.rotary %q, %positions theta 1.0e+04 pairs 8 factor 1.0 : tensor<?x4x16xf32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins Gemma_HeadRows:$input, Gemma_Ids:$positions, F64Attr:$theta, I64Attr:$pairs, F64Attr:$factor);
  let results = (outs Gemma_HeadRows:$result);
  let assemblyFormat = "$input `,` $positions `theta` $theta `pairs` $pairs `factor` $factor `:` type($input) `,` "
      "type($positions) attr-dict";
  let hasVerifier = 1;
}

def Gemma_NormRotaryOp : Gemma_PositionWiseOp<"norm_rotary", [AllTypesMatch<["input", "result"]>]> {
  let summary = "Norms each head, then rotates it";
  let description = [{
    Written by fuse-norm-rotary from `rms_norm` + `rotary`; parameters as in those.

    ```mlir
    %q1 = gemma.norm_rotary %q, %w, %positions eps 1.0e-6 theta 1.0e+04 pairs 8 factor 1.0
        : tensor<?x4x16xf32>, tensor<16xbf16>, tensor<?xi32>
    ```
  }];
  let arguments = (ins Gemma_HeadRows:$input, Gemma_Vector:$weight, Gemma_Ids:$positions, F32Attr:$eps,
                        F64Attr:$theta, I64Attr:$pairs, F64Attr:$factor);
  let results = (outs Gemma_HeadRows:$result);
  let assemblyFormat = "$input `,` $weight `,` $positions `eps` $eps `theta` $theta `pairs` $pairs `factor` $factor "
      "`:` type($input) `,` type($weight) `,` type($positions) attr-dict";
  let hasVerifier = 1;
}

#endif
