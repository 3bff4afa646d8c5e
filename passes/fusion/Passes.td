//===- Passes.td - the passes of the fuse phase ---------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// The fuse phase turns the importer's unfused form into ops that targets have kernels for, and removes the token rows
// nobody reads. docs/pipeline.md gives the order. Every pass is idempotent, keeps locations and knows no target.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_FUSION_PASSES_TD
#define LAPIDARY_PASSES_FUSION_PASSES_TD

include "mlir/Pass/PassBase.td"

class Fusion_Pass<string argument, string anchor = "::mlir::func::FuncOp"> : Pass<argument, anchor> {
  let dependentDialects = ["::lapidary::gemma::GemmaDialect"];
}

def FuseSlidingWindowAttention : Fusion_Pass<"fuse-sliding-window-attention"> {
  let summary = "Fuse masked attention with a window into gemma.sliding_attention";
  let description = [{
    Matches the whole chain from the query-key products to the merged heads when the mask has a window. The chain stays
    as it is when one of its values is read elsewhere, or when K and V differ in shape. The fused op reads rows, so the
    heads of the query are merged in front of it; merging and splitting heads are views and cost nothing.

    ```mlir
    // before
    %s  = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
    %m  = gemma.mask_scores %s, %positions window 8 : tensor<?x4x?xf32>, tensor<?xi32>
    %p  = gemma.softmax %m : tensor<?x4x?xf32>
    %o  = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
    %om = gemma.merge_heads %o : tensor<?x4x16xf32> -> tensor<?x64xf32>
    // after
    %qm = gemma.merge_heads %q : tensor<?x4x16xf32> -> tensor<?x64xf32>
    %om = gemma.sliding_attention %qm, %keys, %values, %positions heads 4 window 8
        : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
    ```
  }];
  let statistics = [Statistic<"numFused", "attention-fused", "Number of sliding window attentions fused">];
}

def FuseGlobalAttention : Fusion_Pass<"fuse-global-attention"> {
  let summary = "Fuse masked attention without a window into gemma.global_attention";
  let description = [{
    As fuse-sliding-window-attention, for masks of window 0 (every position so far stays visible).

    ```mlir
    // before: head_scores, mask_scores window 0, softmax, head_mix, merge_heads
    // after
    %qm = gemma.merge_heads %q : tensor<?x4x16xf32> -> tensor<?x64xf32>
    %om = gemma.global_attention %qm, %keys, %values, %positions heads 4
        : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
    ```
  }];
  let statistics = [Statistic<"numFused", "attention-fused", "Number of global attentions fused">];
}

def FoldNormScale : Fusion_Pass<"fold-norm-scale"> {
  let summary = "Fold a constant factor in front of a norm into its epsilon";
  let description = [{
    A norm undoes a positive factor except in its epsilon: `rms_norm(c * x, eps) = rms_norm(x, eps / c^2)`. Holds with
    and without a weight, and through split_heads, which only views the rows. Factors that are not positive, and those
    for which `eps / c^2` is no normal f32, are left alone; so is a product that is read elsewhere.

    ```mlir
    // before
    %s = gemma.scale %x by 5.000000e-01 : tensor<?x96xf32>
    %y = gemma.rms_norm %s, %w eps 1.000000e-06 : tensor<?x96xf32>, tensor<96xbf16>
    // after
    %y = gemma.rms_norm %x, %w eps 4.000000e-06 : tensor<?x96xf32>, tensor<96xbf16>
    ```
  }];
  let statistics = [Statistic<"numFolded", "scales-folded", "Number of factors folded into a norm">];
}

def FuseNormRotary : Fusion_Pass<"fuse-norm-rotary"> {
  let summary = "Fuse a norm of heads and their rotation into gemma.norm_rotary";
  let description = [{
    The norm needs a weight and no other reader.

    ```mlir
    // before
    %n = gemma.rms_norm %q, %w eps 1.000000e-06 : tensor<?x4x16xf32>, tensor<16xbf16>
    %r = gemma.rotary %n, %positions theta 1.000000e+04 pairs 8 factor 1.000000e+00 : tensor<?x4x16xf32>, tensor<?xi32>
    // after
    %r = gemma.norm_rotary %q, %w, %positions eps 1.000000e-06 theta 1.000000e+04 pairs 8 factor 1.000000e+00
       : tensor<?x4x16xf32>, tensor<16xbf16>, tensor<?xi32>
    ```
  }];
  let statistics = [Statistic<"numFused", "norms-fused", "Number of norms fused with a rotation">];
}

def FuseGatedGelu : Fusion_Pass<"fuse-gated-gelu"> {
  let summary = "Fuse gelu and a product into gemma.gelu_mul";
  let description = [{
    Either operand of the product may be the gelu, which needs to have no other reader.

    ```mlir
    // before
    %a = gemma.gelu %g : tensor<?x192xf32>
    %y = gemma.mul %a, %u : tensor<?x192xf32>
    // after
    %y = gemma.gelu_mul %g, %u : tensor<?x192xf32>
    ```
  }];
  let statistics = [Statistic<"numFused", "gelus-fused", "Number of gated activations fused">];
}

def FuseResidualNorm : Fusion_Pass<"fuse-residual-norm"> {
  let summary = "Fuse a norm, a residual addition and a layer scalar into one op";
  let description = [{
    Either operand of the addition may be the norm, which needs a weight and no other reader. A scale_by_weight that is
    the only reader of the sum is absorbed too.

    ```mlir
    // before
    %n = gemma.rms_norm %y, %w eps 1.000000e-06 : tensor<?x96xf32>, tensor<96xbf16>
    %a = gemma.add %x, %n : tensor<?x96xf32>
    %r = gemma.scale_by_weight %a, %s : tensor<?x96xf32>, tensor<1xbf16>
    // after
    %r = gemma.residual_norm %x, %y, %w scale %s eps 1.000000e-06 : tensor<?x96xf32>, tensor<96xbf16>, tensor<1xbf16>
    ```
  }];
  let statistics = [Statistic<"numFused", "additions-fused", "Number of additions fused with a norm">,
                    Statistic<"numScales", "scalars-absorbed", "Number of layer scalars absorbed">];
}

def MergeQkvProjections : Fusion_Pass<"merge-qkv-projections"> {
  let summary = "Merge the query, key and value projections of one input";
  let description = [{
    One product reads its input once and gives the kernel more rows to split over lanes. Merged are products of one
    input whose results become queries, keys or values; the weight of each must be of one element type and read by
    nothing else in the function. A layer whose values are its keys merges two of them, a layer that shares K/V has
    only a query and stays as it is.

    ```mlir
    // before
    %q = gemma.linear %h, %wq : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
    %k = gemma.linear %h, %wk : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
    // after
    %w = gemma.concat_rows %wq, %wk : (tensor<64x96xbf16>, tensor<16x96xbf16>) -> tensor<80x96xbf16>
    %y = gemma.linear %h, %w : (tensor<?x96xf32>, tensor<80x96xbf16>) -> tensor<?x80xf32>
    %q = gemma.slice_columns %y from 0 : tensor<?x80xf32> -> tensor<?x64xf32>
    %k = gemma.slice_columns %y from 64 : tensor<?x80xf32> -> tensor<?x16xf32>
    ```
  }];
  let statistics = [Statistic<"numMerged", "projections-merged", "Number of projections merged into another">];
}

def MergeGateUpProjections : Fusion_Pass<"merge-gate-up-projections"> {
  let summary = "Merge the two projections that feed a gated activation";
  let description = [{
    Only pairs that are read by one gemma.gelu_mul and nothing else; runs after fuse-gated-gelu.

    ```mlir
    // before
    %g = gemma.linear %f, %wg : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
    %u = gemma.linear %f, %wu : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
    %a = gemma.gelu_mul %g, %u : tensor<?x192xf32>
    // after
    %w = gemma.concat_rows %wg, %wu : (tensor<192x96xbf16>, tensor<192x96xbf16>) -> tensor<384x96xbf16>
    %y = gemma.linear %f, %w : (tensor<?x96xf32>, tensor<384x96xbf16>) -> tensor<?x384xf32>
    %g = gemma.slice_columns %y from 0 : tensor<?x384xf32> -> tensor<?x192xf32>
    %u = gemma.slice_columns %y from 192 : tensor<?x384xf32> -> tensor<?x192xf32>
    %a = gemma.gelu_mul %g, %u : tensor<?x192xf32>
    ```
  }];
  let statistics = [Statistic<"numMerged", "pairs-merged", "Number of gate and up pairs merged">];
}

def PruneDeadPositions : Fusion_Pass<"prune-dead-positions", "::mlir::ModuleOp"> {
  let summary = "Create @step and @extend and drop the token rows they do not need";
  let description = [{
    Most tokens of a prompt only have to leave their K and V behind. From `@score` (logits of all rows) the pass makes
    `@step` (logits of the last row) and `@extend` (no result, only the caches change). Then, from the end of each:

    - an op without effect that nobody reads is removed; gemma.kv_update has an effect and stays;
    - an op of which every reader is gemma.select_last computes one row: the selection moves above it, through all ops
      with the PositionWise interface, until it meets a value that something else needs whole, or an argument.

    In models that share K/V the layers above the last owner of a cache compute one row in `@step` and are absent from
    `@extend`. Weights that become unused stay declared. A module that has both functions already is left alone.

    ```mlir
    // before
    func.func @score(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x512xf32> {
      %x = ... : tensor<?x96xf32>  // also feeds a gemma.kv_update
      %n = gemma.rms_norm %x, %w eps 1.000000e-06 : tensor<?x96xf32>, tensor<96xbf16>
      %l = gemma.linear %n, %e : (tensor<?x96xf32>, tensor<512x96xbf16>) -> tensor<?x512xf32>
      return %l : tensor<?x512xf32>
    }
    // after, besides @score and @extend
    func.func @step(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<1x512xf32> {
      %x = ... : tensor<?x96xf32>
      %s = gemma.select_last %x : tensor<?x96xf32> -> tensor<1x96xf32>
      %n = gemma.rms_norm %s, %w eps 1.000000e-06 : tensor<1x96xf32>, tensor<96xbf16>
      %l = gemma.linear %n, %e : (tensor<1x96xf32>, tensor<512x96xbf16>) -> tensor<1x512xf32>
      return %l : tensor<1x512xf32>
    }
    ```
  }];
  let statistics = [Statistic<"numPruned", "ops-pruned", "Number of ops removed because nothing reads them">,
                    Statistic<"numMoved", "selects-moved", "Number of ops that a row selection moved above">];
}

#endif
