//===- MatmulOps.td - products with packed weights ----*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// The products, and the two ops that feed them: gathering rows of a table and rounding rows to q8.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_KERNEL_MATMULOPS_TD
#define LAPIDARY_DIALECTS_KERNEL_MATMULOPS_TD

include "dialects/kernel/ComputeOp.td"

def Kernel_EmbedOp : Kernel_ComputeOp<"embed"> {
  let summary = "Gathers table rows by token id and scales them";
  let description = [{
    `out[r] = table[ids[r]] * scale`. The ids are those of the step (the last one when `out` has one fixed row).

    ```mlir
    kernel.embed %table scale 39.25 into %x
      : !kernel.packed<512x96, <bf16>, "tiles16">, !kernel.buffer<tokens x 96 x f32>
    ```
  }];
  let arguments = (ins Kernel_Packed:$table, F32Attr:$scale, Kernel_F32:$out, OptionalAttr<StrArrayAttr>:$kernels);
  let extraClassDeclaration = "RowItems getRowItems() { return RowItems::chunks(getOut().getType()); }";
  let assemblyFormat = "$table `scale` $scale `into` $out (`kernels` $kernels^)? `:` type(operands) attr-dict";
}

def Kernel_QuantizeOp : Kernel_ComputeOp<"quantize"> {
  let summary = "Rounds rows to integers";
  let description = [{
    What `out` holds is described in ProgramAbi.h: q8 and q24 have a scale (max|x| / 127) per row and 32 columns, r24 one
    per row; i8 needs the static `step`.

    ```mlir
    kernel.quantize %x into %q : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x q8>
    kernel.quantize %x step 2.5e-02 into %s : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x i8>
    ```
  }];
  let arguments = (ins Kernel_F32:$input, OptionalAttr<F32Attr>:$step, Kernel_Integers:$out,
                       OptionalAttr<StrArrayAttr>:$kernels);
  let extraClassDeclaration = [{
    /// Rows with scales of groups can be cut between groups.
    RowItems getRowItems() {
      ::llvm::StringRef element = getOut().getType().getElement();
      return element == "i8" || element == "r24" ? RowItems::parts(1) : RowItems::chunks(getOut().getType());
    }
  }];
  let assemblyFormat = "$input (`step` $step^)? `into` $out (`kernels` $kernels^)? `:` type(operands) attr-dict";
}

def Kernel_MatmulOp : Kernel_ComputeOp<"matmul"> {
  let summary = "Multiplies rows by a packed weight";
  let description = [{
    `out[r][n] = sum over k of input[r][k] * weight[n][k]`. f32 input for f32 and bf16 weights; integer weights in groups
    read q8 or q24, those with one scale per row i8 (whose scale is `input_step`) or r24. `output_steps` round the
    columns up to `output_ends` (multiples of 32) as gemma.linear says.

    ```mlir
    kernel.matmul %q, %w into %y kernels ["matvec", "matmat"]
      : !kernel.buffer<tokens x 96 x q8>, !kernel.packed<64x96, <w4, group = 32>, "tiles16">,
        !kernel.buffer<tokens x 64 x f32>
    ```
  }];
  let arguments = (ins Kernel_F32OrIntegers:$input, Kernel_Packed:$weight, OptionalAttr<F32Attr>:$input_step,
                       OptionalAttr<DenseF32ArrayAttr>:$output_steps, OptionalAttr<DenseI64ArrayAttr>:$output_ends,
                       Kernel_F32:$out, OptionalAttr<StrArrayAttr>:$kernels);
  let assemblyFormat = "$input `,` $weight (`input_step` $input_step^)? (`output_steps` $output_steps^)? "
      "(`output_ends` $output_ends^)? `into` $out (`kernels` $kernels^)? `:` type(operands) attr-dict";
}

#endif
