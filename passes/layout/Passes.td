//===- Passes.td - the passes of the layout phase -------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// The layout phase asks the target how every weight and cache is stored, and writes the answer into types and symbols.
// docs/pipeline.md gives the order. Every pass is idempotent and keeps locations.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_LAYOUT_PASSES_TD
#define LAPIDARY_PASSES_LAYOUT_PASSES_TD

include "mlir/Pass/PassBase.td"

class Layout_Pass<string argument> : Pass<argument, "::mlir::ModuleOp"> {
  let dependentDialects = ["::lapidary::gemma::GemmaDialect", "::lapidary::kernel::KernelDialect"];
}

defvar targetOption = Option<"targetName", "target", "std::string", /*default=*/"",
                             "Target whose layouts are used, as --target= spells it; empty: the first of this build">;

def LayoutMoeExperts : Layout_Pass<"layout-moe-experts"> {
  let summary = "Pack the expert matrices of mixture-of-experts layers";
  let description = [{
    Every `gemma.experts` reads its two weights as `!kernel.packed` afterwards, in the layout the target chooses for
    `WeightUse::GatedExperts` and `Experts` (x86: a page-aligned block per expert, gate and up each padded to 32 rows).
    Offsets are assigned by pack-weights.

    ```mlir
    // before
    %gu = gemma.get_weight @gate_up : tensor<8x44x88xbf16>
    %m  = gemma.experts %y, %w, %e, %gu, %d storage <w4, group = 32> : ...
    // after
    kernel.packed_weight @w.0 sources [@gate_up] : !kernel.packed<8x44x88, <w4, group = 32>, "tiles16-gated"> offset 0
    %gu = kernel.weight @w.0 : !kernel.packed<8x44x88, <w4, group = 32>, "tiles16-gated">
    ```
  }];
  let options = [targetOption];
  let statistics = [Statistic<"numExpertWeights", "expert-weights", "Number of expert weights packed">];
}

def PackWeights : Layout_Pass<"pack-weights"> {
  let summary = "Give every weight its packed type, its symbol and its offset";
  let description = [{
    Every weight that an op of the model reads becomes a `kernel.weight` of a `kernel.packed_weight` symbol. Weights made
    from the same sources in the same format share one symbol (a tied embedding and output projection). Each tensor of
    a stack starts at a multiple of 32 rows, so the product of a stack may get wider and its slices move accordingly.
    Weights are placed in the order of first use, 64 bytes aligned (experts 4096); tables that are only gathered by row
    come last, from a 64 KiB boundary. Sets `kernel.weight_bytes` and `kernel.resident_weight_bytes` on the module.

    ```mlir
    // before
    %q = gemma.get_weight @q : tensor<64x96xbf16>
    %y = gemma.linear %x, %q storage <w4, group = 32> : (!gemma.q8<?x96, group = 32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
    // after
    kernel.packed_weight @w.0 sources [@q] : !kernel.packed<64x96, <w4, group = 32>, "tiles16"> offset 0
    %q = kernel.weight @w.0 : !kernel.packed<64x96, <w4, group = 32>, "tiles16">
    ```
  }];
  let options = [targetOption];
  let statistics = [
    Statistic<"numPacked", "weights-packed", "Number of packed weights created">,
    Statistic<"numShared", "weights-shared", "Number of uses that found their weight packed already">,
    Statistic<"numGathered", "tables-gathered", "Number of tables that are only gathered by row">];
}

def PlanKvCache : Layout_Pass<"plan-kv-cache"> {
  let summary = "Choose slots, element and place of every K/V cache";
  let description = [{
    The target answers with the geometry for the context and the chunk: a ring for layers with a window, all positions
    for the others. Caches are laid one after another, 64 bytes aligned. Sets `kernel.cache_bytes` on the module.

    ```mlir
    // before
    gemma.kv_cache @kv.0 heads 1 dim 16 window 8
    // after, context 64 and chunk 32
    gemma.kv_cache @kv.0 heads 1 dim 16 window 8 geometry #kernel.cache<slots = 48, element = "f32", key = 0, value = 3072>
    ```
  }];
  let options = [
    targetOption,
    Option<"context", "context", "unsigned", /*default=*/"8192", "Positions the caches hold">,
    Option<"chunk", "chunk", "unsigned", /*default=*/"512", "Most tokens per call">,
    Option<"cacheElement", "cache-element", "std::string", /*default=*/"\"f32\"", "Element of the caches: f32, bf16 or q8">];
  let statistics = [Statistic<"cacheBytes", "cache-bytes", "Bytes of all caches">];
}

#endif
