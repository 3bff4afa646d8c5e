//===- GemmaDialect.td - the gemma dialect --------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// What a Gemma 4 model means: value semantics on tensors, no layouts, no buffers, no target. A frontend writes this
// dialect in its unfused form; passes/fusion and passes/quantization rewrite it; passes/lowering leaves it.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_GEMMADIALECT_TD
#define LAPIDARY_DIALECTS_GEMMA_GEMMADIALECT_TD

include "mlir/IR/OpBase.td"

def Gemma_Dialect : Dialect {
  let name = "gemma";
  let cppNamespace = "::lapidary::gemma";
  let summary = "The text model of Gemma 4, with value semantics";
  let description = [{
    One module holds one model: `gemma.weight` and `gemma.kv_cache` symbols, and functions over token rows. The first
    dimension of an activation is always the token row: `?` for all tokens of the call, `1` for the last token only
    (after `gemma.select_last`).

    ```mlir
    gemma.weight @embed_tokens : tensor<512x96xbf16> shard 0 offset 1024
    func.func @score(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x512xf32> { ... }
    ```
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

class Gemma_Op<string mnemonic, list<Trait> traits = []> : Op<Gemma_Dialect, mnemonic, traits>;

#endif
