//===- ImportGemma.h - a checkpoint as a module of the gemma dialect -------===//
// SPDX-License-Identifier: Apache-2.0
//
// Writes what the model means and nothing else: the unfused form of docs/pipeline.md, one gemma.weight for every tensor
// that is read (tensors of towers and dead K/V projections are not declared), no values. Fusing, quantizing and
// pruning are passes.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_IMPORT_IMPORTGEMMA_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_IMPORT_IMPORTGEMMA_H

#include "frontends/huggingface/ModelConfig.h"
#include "frontends/huggingface/RequiredTensors.h"
#include "frontends/safetensors/Checkpoint.h"
#include "support/Diagnostics.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace lapidary {

/// Imports the text model: a module with `func.func @score(%ids, %positions: tensor<?xi32>) -> tensor<?x<vocab>xf32>`,
/// `gemma.weight` and `gemma.kv_cache` symbols, and the attributes gemma.vocab, gemma.hidden, gemma.context (positions)
/// and gemma.layers (i64). Loads the dialects it needs into `context`. lm_head is the output matrix when the checkpoint
/// has it, otherwise the embedding table is. Quantized modules become products of integer weights between
/// gemma.static_round ops of their ranges.
///
/// `tensors` are those of resolveTextTensors, which has reported everything that can be wrong with a file; the result
/// is null only after InternalError.
mlir::OwningOpRef<mlir::ModuleOp> importGemma(mlir::MLIRContext &context, const ModelConfig &config,
                                              const Checkpoint &checkpoint, const TextTensors &tensors,
                                              Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_IMPORT_IMPORTGEMMA_H
