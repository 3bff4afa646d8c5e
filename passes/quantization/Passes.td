//===- Passes.td - the passes of the quantize phase -----------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// The quantize phase decides how each weight is stored. It only writes decisions into the IR: values are rounded while
// the weight segment is written, packed layouts are the layout phase's business.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_QUANTIZATION_PASSES_TD
#define LAPIDARY_PASSES_QUANTIZATION_PASSES_TD

include "mlir/Pass/PassBase.td"

def QuantizeWeights : Pass<"quantize-weights", "::mlir::ModuleOp"> {
  let summary = "Choose the storage format of every weight matrix";
  let description = [{
    Sets `storage` on gemma.linear, gemma.embedding and gemma.experts, and rounds the inputs of integer products with
    gemma.quantize_activation, once for each value that several products read. Norms and scalars have no storage.

    The formats: `f32` and `bf16` are plain, `w8` and `w4` are integers with one scale for 32 columns, `w8row`, `w4row`
    and `w2row` integers with one scale for a row. `mobile` is the form of Google's mobile checkpoints: `w4row`, but
    `w8row` for per_layer_input_gate and per_layer_projection, and per_layer_model_projection as the checkpoint has it
    (rules after the overrides). Experts get w4 (or w8) instead of a format with one scale for a row; an override that
    asks them for one is an error. Scales of `w4` are i8; bf16 where the weights are on a grid of bf16 scales already
    (`on_grid` of gemma.weight), and in per-layer embeddings, of which single rows are read.

    What a weight gets, the first rule that applies:

    Weights that the checkpoint stores as integers are left alone: use-checkpoint-integers has decided about them.

    1. The router projection (its result feeds gemma.route) and matrices of fewer than 32 columns stay plain in an
       integer program: their own element type. An override cannot change that.
    2. The first override whose pattern matches the weight's name.
    3. The token table and the output head: `embedding-format`. The output head is the product whose logits are
       returned, the token table any embedding that is not split into heads (those are per-layer embeddings).
    4. `format`.

    A tied output head goes by the first override that matches `lm_head.weight`, unless that matches the token table's
    name as well; else it goes with the table. If their formats differ, the matrix is stored twice: as the head's, and as
    a table whose rows are read from the file.

    Weights that are stored together get one format: those that share a matrix, those stacked by gemma.concat_rows, and
    the two of gemma.experts. If one of them stays plain, all do; overrides that disagree about them are an error. So are unknown formats and patterns that decide nothing. Running the pass again,
    with other options too, replaces the former decisions.

    ```mlir
    // before
    %y = gemma.linear %x, %w : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
    // after, format=w4
    %q = gemma.quantize_activation %x : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
    %y = gemma.linear %q, %w storage <w4, group = 32, scale = i8>
       : (!gemma.q8<?x96, group = 32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
    ```
  }];
  let dependentDialects = ["::lapidary::gemma::GemmaDialect"];
  let options = [
    Option<"format", "format", "std::string", /*default=*/"\"w4\"", 
           "Format of the program: f32, bf16, w8, w4, w8row, w4row, w2row or mobile">,
    ListOption<"overrides", "overrides", "std::string",
               "Formats by weight name, `pattern=format` with * and ? in the pattern; the first match counts">,
    Option<"embeddingFormat", "embedding-format", "std::string", /*default=*/"\"\"",
           "Format of the token table and the output head (default: w8 or w8row in a program of fewer bits, else its own)">
  ];
  let statistics = [
    Statistic<"numInteger", "weights-integer", "Number of weights stored as integers">,
    Statistic<"numPlain", "weights-plain", "Number of weight matrices stored as f32 or bf16">,
    Statistic<"numActivations", "activations-quantized", "Number of values rounded for integer products">
  ];
}

def UseCheckpointIntegers : Pass<"use-checkpoint-integers", "::mlir::ModuleOp"> {
  let summary = "Keep the integers of weights that the checkpoint stores quantized";
  let description = [{
    Weights of element type i2, i4 or i8 keep their own integers and scales: the pass sets the `storage` that holds them
    bit for bit. A scale per row stays f32, bf16 scales of groups become groups of 32 (a larger group repeats its
    scale). The inputs of such products become integers, too:

    - a gemma.static_round in front of a product with one scale per row becomes int8 with that static step;
    - an input without a static range gets three planes of int8, as good as f32, so that nothing is lost.

    ```mlir
    // before
    %r = gemma.static_round %x step 2.500000e-02 : tensor<?x96xf32>
    %y = gemma.linear %r, %w : (tensor<?x96xf32>, tensor<64x96xi4>) -> tensor<?x64xf32>
    // after
    %q = gemma.quantize_activation %x step 2.500000e-02 : tensor<?x96xf32> -> !gemma.q8<?x96, group = 0>
    %y = gemma.linear %q, %w storage <w4> input_step 2.500000e-02
       : (!gemma.q8<?x96, group = 0>, tensor<64x96xi4>) -> tensor<?x64xf32>
    ```
  }];
  let dependentDialects = ["::lapidary::gemma::GemmaDialect"];
  let statistics = [
    Statistic<"numWeights", "weights-kept", "Number of products and embeddings that read the checkpoint's integers">,
    Statistic<"numStatic", "inputs-static", "Number of values rounded with a static step">,
    Statistic<"numWide", "inputs-wide", "Number of values kept in three planes">
  ];
}

def FoldOutputRounding : Pass<"fold-output-rounding", "::mlir::func::FuncOp"> {
  let summary = "Let products round their results to static steps";
  let description = [{
    The kernels of products with one scale per row round what they write. A product of stacked weights has a step for
    each of them. A gemma.static_round that follows anything else stays.

    ```mlir
    // before
    %y = gemma.linear %q, %w storage <w4> input_step 2.500000e-02
       : (!gemma.q8<?x96, group = 0>, tensor<64x96xi4>) -> tensor<?x64xf32>
    %r = gemma.static_round %y step 1.000000e-02 : tensor<?x64xf32>
    // after
    %r = gemma.linear %q, %w storage <w4> input_step 2.500000e-02 output_steps [1.000000e-02] output_ends [64]
       : (!gemma.q8<?x96, group = 0>, tensor<64x96xi4>) -> tensor<?x64xf32>
    ```
  }];
  let dependentDialects = ["::lapidary::gemma::GemmaDialect"];
  let statistics = [Statistic<"numFolded", "roundings-folded", "Number of gemma.static_round ops folded">];
}

def AddStaticRanges : Pass<"add-static-ranges", "::mlir::ModuleOp"> {
  let summary = "Round inputs and outputs of products to steps that calibration has found";
  let description = [{
    Products of weights with one scale per row (`w8row`, `w4row`, `w2row`) round their inputs to int8 and their outputs
    as they write them, as those of a quantized checkpoint do. Weights that the checkpoint stores as integers keep the
    checkpoint's decision, weights of other formats and products without an entry stay as they are. The input's step is
    that of the first weight of a stack (all of them read one value); the output of each weight has its own. Logits, which
    no later product reads, are not rounded.

    ```mlir
    // before
    %q = gemma.quantize_activation %x : tensor<?x96xf32> -> !gemma.q8<?x96, group = 0, planes = 3>
    %y = gemma.linear %q, %w storage <w4> : (!gemma.q8<?x96, group = 0, planes = 3>, tensor<64x96xbf16>) -> tensor<?x64xf32>
    // after, ranges=w=0.025:0.01
    %q = gemma.quantize_activation %x step 2.500000e-02 : tensor<?x96xf32> -> !gemma.q8<?x96, group = 0>
    %y = gemma.linear %q, %w storage <w4> input_step 2.500000e-02 output_steps [1.000000e-02] output_ends [64]
       : (!gemma.q8<?x96, group = 0>, tensor<64x96xbf16>) -> tensor<?x64xf32>
    ```
  }];
  let dependentDialects = ["::lapidary::gemma::GemmaDialect"];
  let options = [
    ListOption<"ranges", "ranges", "std::string",
               "Steps by weight, `name=input:output`; a step of 0 rounds nothing">,
    ListOption<"caches", "caches", "std::string", "Steps by K/V cache, `name=key:value`">
  ];
  let statistics = [
    Statistic<"numInputs", "inputs-static", "Number of products that got a static input">,
    Statistic<"numOutputs", "outputs-static", "Number of products that got rounded outputs">,
    Statistic<"numCaches", "caches-static", "Number of K/V caches that got ranges">
  ];
}

#endif
