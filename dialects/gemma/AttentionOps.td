//===- AttentionOps.td - K/V caches and attention -------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// The unfused form spells attention out (scores, mask, softmax, mix), so that the importer is the specification line by
// line; the fused ops are what the rest of the compiler works on. Caches are symbols: state has a name, not a value.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_ATTENTIONOPS_TD
#define LAPIDARY_DIALECTS_GEMMA_ATTENTIONOPS_TD

include "dialects/gemma/GemmaTypes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Gemma_KvCacheOp : Gemma_Op<"kv_cache", [Symbol]> {
  let summary = "Declares the K/V state of one layer";
  let description = [{
    `window` is the number of positions visible, the token itself included; 0 means all of them. `key_step` and
    `value_step` are int8 ranges that the model was trained for; a cache of int8 rounds to them, others ignore them.
    `geometry` is filled in by plan-kv-cache (a `#kernel.cache` attribute).

    ```mlir
    gemma.kv_cache @kv.0 heads 1 dim 16 window 8
    gemma.kv_cache @kv.1 heads 1 dim 16 window 8 key_step 3.0e-02 value_step 2.5e-02
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$heads, I64Attr:$dim, I64Attr:$window,
                        OptionalAttr<F32Attr>:$key_step, OptionalAttr<F32Attr>:$value_step,
                        OptionalAttr<AnyAttr>:$geometry);
  let assemblyFormat = "$sym_name `heads` $heads `dim` $dim `window` $window (`key_step` $key_step^)? "
      "(`value_step` $value_step^)? (`geometry` $geometry^)? attr-dict";
  let hasVerifier = 1;
}

def Gemma_KvUpdateOp : Gemma_Op<"kv_update",
    [AllTypesMatch<["key", "value", "keys", "values"]>, MemoryEffects<[MemRead, MemWrite]>,
     DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Appends K and V rows to a cache and returns all visible ones";
  let description = [{
    The results have one row per position seen so far (`?`, not token rows). Layers that share K/V use the results of
    the layer they share with.

    ```mlir
    %keys, %values = gemma.kv_update @kv.0, %k, %v, %positions : tensor<?x1x16xf32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$cache, Gemma_HeadRows:$key, Gemma_HeadRows:$value, Gemma_Ids:$positions);
  let results = (outs Gemma_HeadRows:$keys, Gemma_HeadRows:$values);
  let assemblyFormat = "$cache `,` $key `,` $value `,` $positions `:` type($key) `,` type($positions) attr-dict";
}

def Gemma_HeadScoresOp :
    Gemma_Op<"head_scores", [Pure, DeclareOpInterfaceMethods<Gemma_PositionWise, ["getPositionOperands"]>]> {
  let summary = "Query-key products of each head: [rows, heads, keys]";
  let description = [{
    Query head h reads KV head `h / (heads / kv_heads)` (GQA); no scale (it is 1.0, gemma4-spec 4.4).

    ```mlir
    %s = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
    ```
  }];
  let arguments = (ins Gemma_HeadRows:$query, Gemma_HeadRows:$keys);
  let results = (outs Gemma_HeadRows:$result);
  let assemblyFormat = "$query `,` $keys `:` functional-type(operands, $result) attr-dict";
  let hasVerifier = 1;
}

def Gemma_MaskScoresOp : Gemma_PositionWiseOp<"mask_scores", [AllTypesMatch<["scores", "result"]>]> {
  let summary = "Hides the keys that a position must not see";
  let description = [{
    Key j stays visible to position i when `j <= i` and (`window == 0` or `j > i - window`): the window counts the token
    itself (gemma4-spec 4.6).

    ```mlir
    %m = gemma.mask_scores %s, %positions window 8 : tensor<?x4x?xf32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins Gemma_HeadRows:$scores, Gemma_Ids:$positions, I64Attr:$window);
  let results = (outs Gemma_HeadRows:$result);
  let assemblyFormat = "$scores `,` $positions `window` $window `:` type($scores) `,` type($positions) attr-dict";
  let hasVerifier = 1;
}

def Gemma_SoftmaxOp : Gemma_PositionWiseOp<"softmax", [AllTypesMatch<["input", "result"]>]> {
  let summary = "Softmax over the last dimension";
  let description = [{
    exp(x - max) / sum of them, in f32. A hidden key (gemma.mask_scores) gets weight 0.

    ```mlir
    %p = gemma.softmax %m : tensor<?x4x?xf32>
    ```
  }];
  let arguments = (ins Gemma_AnyRows:$input);
  let results = (outs Gemma_AnyRows:$result);
  let assemblyFormat = "$input `:` type($input) attr-dict";
}

def Gemma_HeadMixOp :
    Gemma_Op<"head_mix", [Pure, DeclareOpInterfaceMethods<Gemma_PositionWise, ["getPositionOperands"]>]> {
  let summary = "Mixes value rows by attention weights: [rows, heads, head_dim]";
  let description = [{
    result[r, h] = sum over keys j of weights[r, h, j] * values[j, h / (heads / kv_heads)]: the second product of
    attention, with the grouping of query heads of gemma.head_scores.

    ```mlir
    %o = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
    ```
  }];
  let arguments = (ins Gemma_HeadRows:$weights, Gemma_HeadRows:$values);
  let results = (outs Gemma_HeadRows:$result);
  let assemblyFormat = "$weights `,` $values `:` functional-type(operands, $result) attr-dict";
  let hasVerifier = 1;
}

class Gemma_FusedAttentionOp<string mnemonic> :
    Gemma_Op<mnemonic, [Pure, DeclareOpInterfaceMethods<Gemma_PositionWise, ["getPositionOperands"]>]> {
  let hasVerifier = 1;
}

def Gemma_SlidingAttentionOp : Gemma_FusedAttentionOp<"sliding_attention"> {
  let summary = "Attention over the last `window` positions";
  let description = [{
    `head_scores`, `mask_scores`, `softmax`, `head_mix` and the head transposes around them in one op, written by
    fuse-sliding-window-attention. Input and result are rows `[rows, heads * head_dim]`.

    ```mlir
    %o = gemma.sliding_attention %q, %keys, %values, %positions heads 4 window 8
       : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Gemma_Rows:$query, Gemma_HeadRows:$keys, Gemma_HeadRows:$values, Gemma_Ids:$positions,
                        I64Attr:$heads, I64Attr:$window);
  let results = (outs Gemma_Rows:$result);
  let assemblyFormat = "$query `,` $keys `,` $values `,` $positions `heads` $heads `window` $window `:` "
      "functional-type(operands, $result) attr-dict";
}

def Gemma_GlobalAttentionOp : Gemma_FusedAttentionOp<"global_attention"> {
  let summary = "Attention over all positions so far";
  let description = [{
    As gemma.sliding_attention, without a window; written by fuse-global-attention.

    ```mlir
    %o = gemma.global_attention %q, %keys, %values, %positions heads 4
       : (tensor<?x128xf32>, tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?xi32>) -> tensor<?x128xf32>
    ```
  }];
  let arguments = (ins Gemma_Rows:$query, Gemma_HeadRows:$keys, Gemma_HeadRows:$values, Gemma_Ids:$positions,
                        I64Attr:$heads);
  let results = (outs Gemma_Rows:$result);
  let assemblyFormat = "$query `,` $keys `,` $values `,` $positions `heads` $heads `:` functional-type(operands, "
      "$result) attr-dict";
}

#endif
