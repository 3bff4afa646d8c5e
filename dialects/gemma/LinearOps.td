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
    a `!gemma.q8` input (use-checkpoint-integers and quantize-weights insert it). `input_step` is the scale of a static
    input. `output_steps` round the result as gemma.static_round does: columns up to output_ends[i] by output_steps[i],
    where 0 leaves them alone; fold-output-rounding writes them.

    ```mlir
    %y = gemma.linear %x, %w : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
    %z = gemma.linear %q, %i storage <w4> input_step 2.5e-02 output_steps [1.0e-02, 0.0] output_ends [64, 96]
        : (!gemma.q8<?x96, group = 0>, tensor<96x96xi4>) -> tensor<?x96xf32>
    ```
  }];
  let arguments = (ins Gemma_LinearIn:$input, Gemma_Matrix:$weight, OptionalAttr<Gemma_FormatAttr>:$storage,
                       OptionalAttr<F32Attr>:$input_step, OptionalAttr<DenseF32ArrayAttr>:$output_steps,
                       OptionalAttr<DenseI64ArrayAttr>:$output_ends);
  let results = (outs Gemma_Rows:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$input, "::mlir::Value":$weight), [{
    build($_builder, $_state, result, input, weight, FormatAttr(), ::mlir::FloatAttr(), ::mlir::DenseF32ArrayAttr(),
          ::mlir::DenseI64ArrayAttr());
  }]>];
  let assemblyFormat = "$input `,` $weight (`storage` $storage^)? (`input_step` $input_step^)? "
      "(`output_steps` $output_steps^)? (`output_ends` $output_ends^)? `:` functional-type(operands, $result) attr-dict";
  let hasVerifier = 1;
}

def Gemma_QuantizeActivationOp : Gemma_PositionWiseOp<"quantize_activation"> {
  let summary = "Rounds rows to integers";
  let description = [{
    Without `step`, per row and group of columns: scale = max|x| / 127, value = x / scale rounded to nearest even; a
    second plane rounds what the first left over. With `step`: clamp(x / step, -128, 127), the step being the
    checkpoint's. Written once for all products with the same input.

    ```mlir
    %q = gemma.quantize_activation %x : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
    %s = gemma.quantize_activation %x step 2.5e-02 : tensor<?x96xf32> -> !gemma.q8<?x96, group = 0>
    ```
  }];
  let arguments = (ins Gemma_Rows:$input, OptionalAttr<F32Attr>:$step);
  let results = (outs Gemma_Q8Type:$result);
  let assemblyFormat = "$input (`step` $step^)? `:` type($input) `->` qualified(type($result)) attr-dict";
  let hasVerifier = 1;
}

def Gemma_StaticRoundOp : Gemma_PositionWiseOp<"static_round", [AllTypesMatch<["input", "result"]>]> {
  let summary = "Rounds rows to int8 multiples of a step";
  let description = [{
    `step * clamp(round(x / step), -128, 127)`, ties to even: what a model trained with static int8 ranges does to the
    input and output of its products. The values stay f32; the quantize phase turns them into integers.

    ```mlir
    %r = gemma.static_round %x step 2.5e-02 : tensor<?x96xf32>
    ```
  }];
  let arguments = (ins Gemma_Rows:$input, F32Attr:$step);
  let results = (outs Gemma_Rows:$result);
  let assemblyFormat = "$input `step` $step `:` type($input) attr-dict";
  let hasVerifier = 1;
}

#endif
