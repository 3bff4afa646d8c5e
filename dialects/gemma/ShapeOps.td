//===- ShapeOps.td - views of rows ----------------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// Ops that move no values. Lowering turns them into views or into nothing, except select_last in front of an op that
// needs its own buffer.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_SHAPEOPS_TD
#define LAPIDARY_DIALECTS_GEMMA_SHAPEOPS_TD

include "dialects/gemma/GemmaTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Gemma_SplitHeadsOp : Gemma_PositionWiseOp<"split_heads"> {
  let summary = "[rows, heads * dim] -> [rows, heads, dim]";
  let description = [{
    Moves no values: head h of a row is its columns h * dim .. h * dim + dim - 1.

    ```mlir
    %h = gemma.split_heads %q : tensor<?x64xf32> -> tensor<?x4x16xf32>
    ```
  }];
  let arguments = (ins Gemma_Rows:$input);
  let results = (outs Gemma_HeadRows:$result);
  let assemblyFormat = "$input `:` type($input) `->` type($result) attr-dict";
  let hasVerifier = 1;
}

def Gemma_MergeHeadsOp : Gemma_PositionWiseOp<"merge_heads"> {
  let summary = "[rows, heads, dim] -> [rows, heads * dim]";
  let description = [{
    The inverse of gemma.split_heads.

    ```mlir
    %q = gemma.merge_heads %h : tensor<?x4x16xf32> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Gemma_HeadRows:$input);
  let results = (outs Gemma_Rows:$result);
  let assemblyFormat = "$input `:` type($input) `->` type($result) attr-dict";
  let hasVerifier = 1;
}

def Gemma_SliceColumnsOp : Gemma_PositionWiseOp<"slice_columns"> {
  let summary = "Columns offset .. offset + size of each row";
  let description = [{
    The size is that of the result. Takes one layer's part of the per-layer inputs, and one projection's part of a
    merged product.

    ```mlir
    %k = gemma.slice_columns %qkv from 64 : tensor<?x96xf32> -> tensor<?x16xf32>
    ```
  }];
  let arguments = (ins Gemma_Rows:$input, I64Attr:$offset);
  let results = (outs Gemma_Rows:$result);
  let assemblyFormat = "$input `from` $offset `:` type($input) `->` type($result) attr-dict";
  let hasVerifier = 1;
}

def Gemma_SelectLastOp : Gemma_Op<"select_last", [Pure]> {
  let summary = "The last token's row";
  let description = [{
    The result has one fixed row. prune-dead-positions moves it towards the start of @step, so that what only the logits
    need is computed for one token. Folds when the input has one row already.

    ```mlir
    %l = gemma.select_last %x : tensor<?x96xf32> -> tensor<1x96xf32>
    ```
  }];
  let arguments = (ins AnyTypeOf<[Gemma_AnyRows, Gemma_Ids, Gemma_Q8Type]>:$input);
  let results = (outs AnyTypeOf<[Gemma_AnyRows, Gemma_Ids, Gemma_Q8Type]>:$result);
  let assemblyFormat = "$input `:` type($input) `->` type($result) attr-dict";
  let hasVerifier = 1;
  let hasFolder = 1; // an input that has one row already
}

#endif
