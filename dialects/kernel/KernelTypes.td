//===- KernelTypes.td - types and attributes of the kernel dialect *- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// Buffers know rows per token instead of a number of tokens, because programs are compiled once for every length of a
// call. Packed weights keep their logical shape; only a target knows the bytes.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_KERNEL_KERNELTYPES_TD
#define LAPIDARY_DIALECTS_KERNEL_KERNELTYPES_TD

include "dialects/kernel/KernelDialect.td"
include "dialects/gemma/GemmaAttrs.td"
include "dialects/gemma/GemmaInterfaces.td"
include "mlir/IR/AttrTypeBase.td"

def Kernel_BufferType : TypeDef<Kernel_Dialect, "Buffer"> {
  let mnemonic = "buffer";
  let summary = "Activation rows in the arena";
  let description = [{
    `tokens` rows: one per token of the call; `N tokens`: N per token (routed rows); `N`: a fixed number; a buffer of
    one fixed row holds the last token. `columns` is the logical width; memory is padded to 32 columns. Elements: f32,
    i32, or integer activations (ProgramAbi.h): q8 (int8 with a scale and a sum per 32 columns), q24 (three planes of q8),
    i8 (int8 with a static scale), r24 (three planes of int8 with one scale per row).

    ```mlir
    !kernel.buffer<tokens x 1536 x f32>
    !kernel.buffer<8 tokens x 704 x f32>
    !kernel.buffer<1 x 1536 x q8>
    ```
  }];
  let parameters = (ins "bool":$perToken, "int64_t":$rows, "int64_t":$columns,
                        StringRefParameter<"f32, i32, q8, q24, i8 or r24">:$element);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Columns rounded up to 32.
    int64_t getPaddedColumns() const { return (getColumns() + 31) / 32 * 32; }
    /// Bytes of one row in memory, rounded up to 64.
    int64_t getRowBytes() const;
    /// Rows at a chunk of `tokens` tokens.
    int64_t getRowsFor(int64_t tokens) const { return getPerToken() ? getRows() * tokens : getRows(); }
  }];
}

def Kernel_PackedType : TypeDef<Kernel_Dialect, "Packed", [DeclareTypeInterfaceMethods<Gemma_PackedWeightType>]> {
  let mnemonic = "packed";
  let summary = "A weight in a target's layout";
  let description = [{
    Logical shape, storage format, and the layout's name: `tiles16` (row tiles of 16, ProgramAbi.h), `rows` (a table
    gathered by row), `vector`. Targets may define more names, for tables `rows-..`; only their own kernels read them.
    `tiles16-signed` and `rows-signed` hold integers in two's complement; a further `-bf16s` stores scales as bf16 whose format
    is i8.

    ```mlir
    !kernel.packed<2048x1536, <w4, group = 32>, "tiles16">
    !kernel.packed<128x1408x2816, <w4, group = 32>, "tiles16">
    !kernel.packed<1536, <f32>, "vector">
    ```
  }];
  let extraClassDeclaration = [{
    /// True for tables, whose rows lie one behind the other: layouts named `rows` or `rows-..`.
    bool isTable() const { return getLayout().starts_with("rows"); }
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::lapidary::gemma::FormatAttr":$format,
                        StringRefParameter<"layout name">:$layout);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Kernel_CacheAttr : AttrDef<Kernel_Dialect, "Cache"> {
  let mnemonic = "cache";
  let summary = "Geometry of one layer's K/V cache";
  let description = [{
    `slots` positions are kept (a ring for sliding layers), stored as `element` (f32, bf16, or i8 where the cache has
    steps); K and V start at these byte offsets of the cache block.

    ```mlir
    #kernel.cache<slots = 528, element = "bf16", key = 0, value = 16896>
    ```
  }];
  let parameters = (ins "uint32_t":$slots, StringRefParameter<"f32, bf16 or i8">:$element,
                        "uint64_t":$key, "uint64_t":$value);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Kernel_Packed :
    Type<CPred<"::llvm::isa<::lapidary::kernel::PackedType>($_self)">, "packed weight",
         "::lapidary::kernel::PackedType">;
def Kernel_Buffer :
    Type<CPred<"::llvm::isa<::lapidary::kernel::BufferType>($_self)">, "activation buffer",
         "::lapidary::kernel::BufferType">;
class Kernel_BufferOf<string element> : Type<And<[Kernel_Buffer.predicate,
    CPred<"::llvm::cast<::lapidary::kernel::BufferType>($_self).getElement() == \"" # element # "\"">]>,
    element # " buffer", "::lapidary::kernel::BufferType">;
def Kernel_F32 : Kernel_BufferOf<"f32">;
def Kernel_I32 : Kernel_BufferOf<"i32">;
def Kernel_Q8  : Kernel_BufferOf<"q8">;
def Kernel_Q24 : Kernel_BufferOf<"q24">;
def Kernel_I8  : Kernel_BufferOf<"i8">;
def Kernel_R24 : Kernel_BufferOf<"r24">;
class Kernel_AnyBuffer<list<Type> types, string summary> :
    AnyTypeOf<types, summary, "::lapidary::kernel::BufferType">;
def Kernel_Integers : Kernel_AnyBuffer<[Kernel_Q8, Kernel_Q24, Kernel_I8, Kernel_R24], "integer buffer">;
def Kernel_F32OrIntegers :
    Kernel_AnyBuffer<[Kernel_F32, Kernel_Q8, Kernel_Q24, Kernel_I8, Kernel_R24], "f32 or integer buffer">;
def Kernel_F32OrQ8 : Kernel_AnyBuffer<[Kernel_F32, Kernel_Q8], "f32 or q8 buffer">;

#endif
