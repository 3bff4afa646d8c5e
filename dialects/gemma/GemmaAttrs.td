//===- GemmaAttrs.td - attributes of the gemma dialect --------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// Storage formats are described by what they mean (bits, group, scale type), so that groups of 32 and one scale per row
// (the mobile checkpoints) are the same kind of thing.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_GEMMAATTRS_TD
#define LAPIDARY_DIALECTS_GEMMA_GEMMAATTRS_TD

include "dialects/gemma/GemmaDialect.td"
include "mlir/IR/AttrTypeBase.td"

// A string parameter spelled without quotes.
class Gemma_KeywordParameter<string desc> : StringRefParameter<desc> {
  let parser = "::lapidary::gemma::parseKeywordParameter($_parser)";
  let printer = "$_printer << $_self";
}

def Gemma_FormatAttr : AttrDef<Gemma_Dialect, "Format"> {
  let mnemonic = "format";
  let summary = "How the values of a weight are stored";
  let description = [{
    `f32` and `bf16` are plain; `w8`, `w4` and `w2` are symmetric integers. `group` columns share a scale, which is bf16;
    without a group a row has one scale, which is f32. A table may have f32 scales for groups, too. Scales of `i8` are
    whole multiples, -127 to 127, of a power of two that each row has: values are bf16 all the same, a scale takes half the
    bytes.

    ```mlir
    #gemma.format<f32>
    #gemma.format<bf16>
    #gemma.format<w4, group = 32>
    #gemma.format<w4, group = 32, scale = i8>
    #gemma.format<w4>
    #gemma.format<w2, group = 256, scale = f32>
    ```
  }];
  // kind: "f32", "bf16", "w8", "w4", "w2"; group: columns per scale, 0 for one scale per row and for the plain kinds;
  // scale: "bf16", "f32" or "i8", of the integer kinds. All are verified.
  let parameters = (ins StringRefParameter<"storage kind">:$kind, "uint32_t":$group,
                        StringRefParameter<"type of the scales">:$scale);
  let builders = [AttrBuilder<(ins "::llvm::StringRef":$kind, "uint32_t":$group), [{
    return $_get($_ctxt, kind, group, defaultScale(kind, group));
  }]>];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// True for w8, w4 and w2: the activations must be quantized too.
    bool isInteger() const { return getKind().starts_with("w"); }
    /// Bits of one value: 32, 16, 8, 4 or 2.
    unsigned getBits() const;
    /// The type of the scales that the textual form leaves out.
    static ::llvm::StringRef defaultScale(::llvm::StringRef kind, uint32_t group) {
      return kind.starts_with("w") && group == 0 ? "f32" : "bf16";
    }
  }];
}

def Gemma_IntegersAttr : AttrDef<Gemma_Dialect, "Integers"> {
  let mnemonic = "integers";
  let summary = "How a checkpoint stores the integers of a quantized weight";
  let description = [{
    `offset` encoding stores value + 2^(bits - 1), the first value in the lowest bits of its byte; `twos` is int8 in two's
    complement. `row_bytes` is the distance of rows in the file. The value of element (r, c) is its integer times
    `scales`[r][c / group].

    ```mlir
    #gemma.integers<offset, row_bytes = 48, group = 96, scales = @"layers.0.mlp.up_proj.weight_scale">
    ```
  }];
  let parameters = (ins Gemma_KeywordParameter<"offset or twos">:$encoding, "uint64_t":$row_bytes, "uint64_t":$group,
                        "::mlir::FlatSymbolRefAttr":$scales);
  let assemblyFormat = "`<` $encoding `,` `row_bytes` `=` $row_bytes `,` `group` `=` $group `,` `scales` `=` $scales `>`";
  let genVerifyDecl = 1;
}

#endif
