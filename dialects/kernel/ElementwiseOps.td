//===- ElementwiseOps.td - elementwise kernels --------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// All may work in place: `out` can be an operand.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_KERNEL_ELEMENTWISEOPS_TD
#define LAPIDARY_DIALECTS_KERNEL_ELEMENTWISEOPS_TD

include "dialects/kernel/ComputeOp.td"

def Kernel_GeluMulOp : Kernel_ComputeOp<"gelu_mul"> {
  let summary = "gelu(gate) * up";
  let description = [{
    `gate` and `up` are often two kernel.columns views of one product. `out` may be either, or an integer buffer: then the
    result is rounded as kernel.quantize does (i8: with `step`), where the target says that its kernel can (i8: always).

    ```mlir
    kernel.gelu_mul %g, %u into %a : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>,
      !kernel.buffer<tokens x 96 x f32>
    ```
  }];
  let arguments = (ins Kernel_F32:$gate, Kernel_F32:$up, OptionalAttr<F32Attr>:$step, Kernel_F32OrIntegers:$out,
                       OptionalAttr<StrArrayAttr>:$kernels);
  let extraClassDeclaration = "RowItems getRowItems() { return RowItems::chunks(getOut().getType()); }";
  let assemblyFormat = "$gate `,` $up (`step` $step^)? `into` $out (`kernels` $kernels^)? `:` type(operands) attr-dict";
}

def Kernel_AddOp : Kernel_ComputeOp<"add"> {
  let summary = "(lhs + rhs) * scale";
  let description = [{
    `scale` is 1 for a plain sum. `out` may be either side.

    ```mlir
    kernel.add %a, %b scale 1.0 into %a : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>,
      !kernel.buffer<tokens x 96 x f32>
    ```
  }];
  let arguments = (ins Kernel_F32:$lhs, Kernel_F32:$rhs, F32Attr:$scale, Kernel_F32:$out,
                        OptionalAttr<StrArrayAttr>:$kernels);
  let extraClassDeclaration = "RowItems getRowItems() { return RowItems::chunks(getOut().getType()); }";
  let assemblyFormat = "$lhs `,` $rhs `scale` $scale `into` $out (`kernels` $kernels^)? `:` type(operands) attr-dict";
}

def Kernel_ScaleOp : Kernel_ComputeOp<"scale"> {
  let summary = "Multiplies by a constant";
  let description = [{
    `out` may be the input.

    ```mlir
    kernel.scale %x by 0.5 into %x : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
    ```
  }];
  let arguments = (ins Kernel_F32:$input, F32Attr:$factor, Kernel_F32:$out, OptionalAttr<StrArrayAttr>:$kernels);
  let extraClassDeclaration = "RowItems getRowItems() { return RowItems::chunks(getOut().getType()); }";
  let assemblyFormat = "$input `by` $factor `into` $out (`kernels` $kernels^)? `:` type(operands) attr-dict";
}

def Kernel_SoftcapOp : Kernel_ComputeOp<"softcap"> {
  let summary = "cap * tanh(x / cap)";
  let description = [{
    For the logits. `out` may be the input.

    ```mlir
    kernel.softcap %l cap 30.0 into %l : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
    ```
  }];
  let arguments = (ins Kernel_F32:$input, F32Attr:$cap, Kernel_F32:$out, OptionalAttr<StrArrayAttr>:$kernels);
  let extraClassDeclaration = "RowItems getRowItems() { return RowItems::chunks(getOut().getType()); }";
  let assemblyFormat = "$input `cap` $cap `into` $out (`kernels` $kernels^)? `:` type(operands) attr-dict";
}

def Kernel_SelectLastOp : Kernel_ComputeOp<"select_last"> {
  let summary = "Copies the last row";
  let description = [{
    The row of the last token of the call, bytes as they are (also q8).

    ```mlir
    kernel.select_last %x into %l : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<1 x 96 x f32>
    ```
  }];
  let arguments = (ins Kernel_Buffer:$input, Kernel_Buffer:$out, OptionalAttr<StrArrayAttr>:$kernels);
  let assemblyFormat = "$input `into` $out (`kernels` $kernels^)? `:` type(operands) attr-dict";
}

#endif
