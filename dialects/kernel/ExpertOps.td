//===- ExpertOps.td - mixture of experts --------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// Routed rows are (token, rank) pairs: row = token * top_k + rank. Sorting them by expert makes each expert one
// product.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_KERNEL_EXPERTOPS_TD
#define LAPIDARY_DIALECTS_KERNEL_EXPERTOPS_TD

include "dialects/kernel/ComputeOp.td"

def Kernel_RouteOp : Kernel_ComputeOp<"route"> {
  let summary = "Chooses the experts of each token and their weights";
  let description = [{
    Softmax over all experts, the top_k largest (ties: lowest index), renormalised, times `expertScale` of the chosen.
    The logits are used up: the op works in their buffer.

    ```mlir
    kernel.route %logits, %s top_k 3 into %w, %e
      : !kernel.buffer<tokens x 8 x f32>, !kernel.packed<8, <f32>, "vector">, !kernel.buffer<tokens x 3 x f32>,
        !kernel.buffer<tokens x 3 x i32>
    ```
  }];
  let arguments = (ins Kernel_F32:$logits, Kernel_Packed:$expertScale, I64Attr:$topK, Kernel_F32:$weights,
                        Kernel_I32:$indices, OptionalAttr<StrArrayAttr>:$kernels);
  let assemblyFormat = "$logits `,` $expertScale `top_k` $topK `into` $weights `,` $indices (`kernels` $kernels^)? "
      "`:` type(operands) attr-dict";
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getWrittenBuffers() {
      return {getLogits(), getWeights(), getIndices()};
    }
    ::llvm::SmallVector<::mlir::Value> getReadBuffers() { return {getLogits()}; }
  }];
}

def Kernel_SortExpertsOp : Kernel_ComputeOp<"sort_experts"> {
  let summary = "Sorts routed rows by expert";
  let description = [{
    `order` is one fixed row: the first sorted position of each expert (experts + 1 entries), then the routed rows in
    that order. The sort is stable, so results do not depend on the number of threads.

    ```mlir
    kernel.sort_experts %e experts 8 top_k 3 into %order
      : !kernel.buffer<tokens x 3 x i32>, !kernel.buffer<1 x 1545 x i32>
    ```
  }];
  let arguments = (ins Kernel_I32:$indices, I64Attr:$experts, I64Attr:$topK, Kernel_I32:$order,
                        OptionalAttr<StrArrayAttr>:$kernels);
  let assemblyFormat = "$indices `experts` $experts `top_k` $topK `into` $order (`kernels` $kernels^)? `:` "
      "type(operands) attr-dict";
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getWrittenBuffers() { return {getOrder()}; }
  }];
}

def Kernel_ExpertMatmulOp : Kernel_ComputeOp<"expert_matmul"> {
  let summary = "Multiplies every routed row by its expert";
  let description = [{
    `rows_per_source` is top_k when the input has one row per token, 1 when it is routed itself.

    ```mlir
    kernel.expert_matmul %q, %order, %w rows_per_source 3 into %h
      : !kernel.buffer<tokens x 88 x q8>, !kernel.buffer<1 x 1545 x i32>, !kernel.packed<8x44x88, <w4, group = 32>,
        "tiles16">,
        !kernel.buffer<3 tokens x 44 x f32>
    ```
  }];
  let arguments = (ins Kernel_F32OrQ8:$input, Kernel_I32:$order, Kernel_Packed:$weight, I64Attr:$rowsPerSource,
                        Kernel_F32:$out, OptionalAttr<StrArrayAttr>:$kernels);
  let assemblyFormat = "$input `,` $order `,` $weight `rows_per_source` $rowsPerSource `into` $out (`kernels` "
      "$kernels^)? `:` type(operands) attr-dict";
}

def Kernel_CombineExpertsOp : Kernel_ComputeOp<"combine_experts"> {
  let summary = "Weighted sum of a token's routed rows";
  let description = [{
    `out[t] = sum over k of weights[t][k] * input[t * top_k + k]`, in the order of k.

    ```mlir
    kernel.combine_experts %m, %w top_k 3 into %o
      : !kernel.buffer<3 tokens x 88 x f32>, !kernel.buffer<tokens x 3 x f32>, !kernel.buffer<tokens x 88 x f32>
    ```
  }];
  let arguments = (ins Kernel_F32:$input, Kernel_F32:$weights, I64Attr:$topK, Kernel_F32:$out,
                        OptionalAttr<StrArrayAttr>:$kernels);
  let assemblyFormat = "$input `,` $weights `top_k` $topK `into` $out (`kernels` $kernels^)? `:` type(operands) "
      "attr-dict";
}

#endif
