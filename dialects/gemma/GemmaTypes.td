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
  let summary = "Activation rows quantized to int8 with one scale per group of columns";
  let description = [{
    `rows` is `?` (all tokens) or a number; printed like a tensor shape.

    ```mlir
    !gemma.q8<?x1536, group = 32>
    ```
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns, "uint32_t":$group); // rows: ShapedType::kDynamic or >= 1
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
def Gemma_Matrix    : AnyTypeOf<[2DTensorOf<[F32, BF16]>, Gemma_Packed]>;
def Gemma_Experts   : AnyTypeOf<[3DTensorOf<[F32, BF16]>, Gemma_Packed]>;
def Gemma_Vector    : AnyTypeOf<[1DTensorOf<[F32, BF16]>, Gemma_Packed]>;

#endif
