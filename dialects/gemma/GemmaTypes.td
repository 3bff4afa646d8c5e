//===- GemmaTypes.td - types of the gemma dialect -------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// Activations are plain tensors; the one type of the dialect is the quantized activation, which no tensor describes.
// The constraints below name what operands of several families share.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_GEMMATYPES_TD
#define LAPIDARY_DIALECTS_GEMMA_GEMMATYPES_TD

include "dialects/gemma/GemmaDialect.td"
include "dialects/gemma/GemmaInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Gemma_Q8Type : TypeDef<Gemma_Dialect, "Q8"> {
  let mnemonic = "q8";
  let summary = "Activation rows as integers";
  let description = [{
    `rows` is `?` (all tokens) or a number; printed like a tensor shape. `group` is the number of columns that share a
    scale; 0 means the whole row. Three `planes` of int8 together are as good as f32; one is the default. One plane
    with group 0 has no scale of its own: the op that makes it and those that read it name the static step.

    ```mlir
    !gemma.q8<?x1536, group = 32>
    !gemma.q8<?x1536, group = 32, planes = 3>
    !gemma.q8<?x1536, group = 0>
    ```
  }];
  // rows: ShapedType::kDynamic or >= 1; planes: 1 or 3
  let parameters = (ins "int64_t":$rows, "int64_t":$columns, "uint32_t":$group, "uint32_t":$planes);
  let extraClassDeclaration = [{
    /// True when the scale is not part of the value but a constant of the program.
    bool isStatic() const { return getGroup() == 0 && getPlanes() == 1; }
  }];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

// Row i of the results depends only on row i of the operands that have token rows.
class Gemma_PositionWiseOp<string mnemonic, list<Trait> traits = []> :
    Gemma_Op<mnemonic, !listconcat([Pure, DeclareOpInterfaceMethods<Gemma_PositionWise>], traits)>;

// Activations: [rows, columns] or [rows, heads, head_dim], f32.
def Gemma_Rows      : 2DTensorOf<[F32]>;
def Gemma_HeadRows  : 3DTensorOf<[F32]>;
def Gemma_AnyRows   : TensorRankOf<[F32], [2, 3]>;
def Gemma_Ids       : 1DTensorOf<[I32]>;
def Gemma_LinearIn  : AnyTypeOf<[Gemma_Rows, Gemma_Q8Type]>;
// Weights: the checkpoint's tensor until pack-weights, then a packed type of the target's choosing.
def Gemma_Packed    : Type<CPred<"::llvm::isa<::lapidary::gemma::PackedWeightTypeInterface>($_self)">, "packed weight">;
// i2, i4, i8: integers of the checkpoint, which stand for integer * scale (gemma.weight names the scales).
def Gemma_Tensor    : 2DTensorOf<[F32, BF16, I<2>, I<4>, I<8>]>;
def Gemma_Matrix    : AnyTypeOf<[Gemma_Tensor, Gemma_Packed]>;
def Gemma_Experts   : AnyTypeOf<[3DTensorOf<[F32, BF16]>, Gemma_Packed]>;
def Gemma_Vector    : AnyTypeOf<[1DTensorOf<[F32, BF16]>, Gemma_Packed]>;

#endif
