//===- NormOps.td - norms and rotary embedding --------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// Angles are computed once per call into a table that all layers of a kind share.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_KERNEL_NORMOPS_TD
#define LAPIDARY_DIALECTS_KERNEL_NORMOPS_TD

include "dialects/kernel/ComputeOp.td"

def Kernel_RmsNormOp : Kernel_ComputeOp<"rms_norm"> {
  let summary = "Norms each head of each row";
  let description = [{
    Columns are `heads` heads of equal width, each normed on its own; `heads` is 1 for a plain norm. `out` may be the
    input, or an integer buffer: then the result is rounded as kernel.quantize does (i8: with `step`), where the target
    says that its kernel can (i8: always).

    ```mlir
    kernel.rms_norm %x, %w heads 1 eps 1.0e-6 into %y : !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>,
      "vector">, !kernel.buffer<tokens x 96 x f32>
    kernel.rms_norm %v heads 4 eps 1.0e-6 into %v : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
    ```
  }];
  let arguments = (ins Kernel_F32:$input, Optional<Kernel_Packed>:$weight, I64Attr:$heads, F32Attr:$eps,
                       OptionalAttr<F32Attr>:$step, Kernel_F32OrIntegers:$out, OptionalAttr<StrArrayAttr>:$kernels);
  let extraClassDeclaration = "RowItems getRowItems() { return RowItems::parts(getHeads()); }";
  let assemblyFormat = "$input (`,` $weight^)? `heads` $heads `eps` $eps (`step` $step^)? `into` $out "
      "(`kernels` $kernels^)? `:` type(operands) attr-dict";
}

def Kernel_ResidualNormOp : Kernel_ComputeOp<"residual_norm"> {
  let summary = "(residual + norm(input)) * scale";
  let description = [{
    `scale` is a vector of one element, the layer scalar; without it the factor is 1. `out` may be the residual or the
    input.

    ```mlir
    kernel.residual_norm %x, %y, %w eps 1.0e-6 into %x
      : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">,
        !kernel.buffer<tokens x 96 x f32>
    ```
  }];
  let arguments = (ins Kernel_F32:$residual, Kernel_F32:$input, Kernel_Packed:$weight, Optional<Kernel_Packed>:$scale,
                        F32Attr:$eps, Kernel_F32:$out, OptionalAttr<StrArrayAttr>:$kernels);
  let extraClassDeclaration = "RowItems getRowItems() { return RowItems::parts(1); }";
  let assemblyFormat = "$residual `,` $input `,` $weight (`scale` $scale^)? `eps` $eps `into` $out (`kernels` "
      "$kernels^)? `:` type(operands) attr-dict";
}

def Kernel_ResidualNormRoundedOp : Kernel_ComputeOp<"residual_norm_rounded", [AttrSizedOperandSegments]> {
  let summary = "kernel.residual_norm, and its result rounded for the next product";
  let description = [{
    `out` is what kernel.residual_norm writes. `rounded` is that, or with `then` its norm (of one head), rounded as
    kernel.quantize does (i8: with `step`). One pass over a row in place of three, for targets where an op costs more than
    its work.

    ```mlir
    kernel.residual_norm_rounded %x, %y, %w eps 1.0e-6 then %n eps 1.0e-6 into %x, %q
      : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">,
        !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x q8>
    ```
  }];
  let arguments = (ins Kernel_F32:$residual, Kernel_F32:$input, Kernel_Packed:$weight, Optional<Kernel_Packed>:$scale,
                        F32Attr:$eps, Optional<Kernel_Packed>:$next, OptionalAttr<F32Attr>:$nextEps,
                        OptionalAttr<F32Attr>:$step, Kernel_F32:$out, Kernel_Integers:$rounded,
                        OptionalAttr<StrArrayAttr>:$kernels);
  let extraClassDeclaration = [{
    RowItems getRowItems() { return RowItems::parts(1); }
    ::llvm::SmallVector<::mlir::Value> getWrittenBuffers() { return {getOut(), getRounded()}; }
  }];
  let assemblyFormat = "$residual `,` $input `,` $weight (`scale` $scale^)? `eps` $eps (`then` $next^ `eps` $nextEps)? "
      "(`step` $step^)? `into` $out `,` $rounded (`kernels` $kernels^)? `:` type(operands) attr-dict";
}

def Kernel_RotaryTableOp : Kernel_ComputeOp<"rotary_table"> {
  let summary = "cos and sin of every position and pair";
  let description = [{
    Once per call and kind of layer, for all its layers. Columns 0 .. D/2 - 1 hold the cosines of `position *
    frequency`, the rest the sines; pairs that do not rotate have frequency 0.

    ```mlir
    kernel.rotary_table %f into %t : !kernel.packed<8, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>
    ```
  }];
  let arguments = (ins Kernel_Packed:$frequencies, Kernel_F32:$out, OptionalAttr<StrArrayAttr>:$kernels);
  let assemblyFormat = "$frequencies `into` $out (`kernels` $kernels^)? `:` type(operands) attr-dict";
}

def Kernel_NormRotaryOp : Kernel_ComputeOp<"norm_rotary"> {
  let summary = "Norms each head, then rotates it";
  let description = [{
    As kernel.rms_norm with heads; then pairs (j, j + D/2) of every head are rotated by the angles in `table`. `out` may
    be the input.

    ```mlir
    kernel.norm_rotary %q, %w, %t heads 4 eps 1.0e-6 into %q
      : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>,
        !kernel.buffer<tokens x 64 x f32>
    ```
  }];
  let arguments = (ins Kernel_F32:$input, Kernel_Packed:$weight, Kernel_F32:$table, I64Attr:$heads, F32Attr:$eps,
                        Kernel_F32:$out, OptionalAttr<StrArrayAttr>:$kernels);
  let extraClassDeclaration = "RowItems getRowItems() { return RowItems::parts(getHeads()); }";
  let assemblyFormat = "$input `,` $weight `,` $table `heads` $heads `eps` $eps `into` $out (`kernels` $kernels^)? "
      "`:` type(operands) attr-dict";
}

#endif
