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
    `f32` and `bf16` are plain; `w8` and `w4` are symmetric integers with one bf16 scale per group of columns.
    A group of 0 means one scale per row.

    ```mlir
    #gemma.format<f32>
    #gemma.format<bf16>
    #gemma.format<w4, group = 32>
    ```
  }];
  // kind: "f32", "bf16", "w8", "w4" (verified); group: columns per scale, 0 for the plain kinds.
  let parameters = (ins Gemma_KeywordParameter<"storage kind">:$kind, DefaultValuedParameter<"uint32_t", "0">:$group);
  let assemblyFormat = "`<` $kind (`,` `group` `=` $group^)? `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// True for w8 and w4: the activations must be quantized too.
    bool isInteger() const { return getKind().starts_with("w"); }
    /// Bits of one value: 32, 16, 8 or 4.
    unsigned getBits() const;
  }];
}

#endif
