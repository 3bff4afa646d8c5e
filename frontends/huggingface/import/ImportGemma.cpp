//===- ImportGemma.cpp - a checkpoint as a module of the gemma dialect -----===//
// SPDX-License-Identifier: Apache-2.0
//
// Checks, builds, verifies. Everything a file could get wrong is reported before the first op is created, so the
// builder has no error paths; a module that does not verify afterwards is a bug of Lapidary.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/import/ImportGemma.h"

#include "frontends/huggingface/RequiredTensors.h"
#include "frontends/huggingface/import/ModelBuilder.h"

#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace lapidary {

/// checkTextTensors without its warnings: those belong to whoever describes the checkpoint to the user.
static bool tensorsAgree(const ModelConfig &config, const Checkpoint &checkpoint, Diagnostics &diagnostics) {
  Diagnostics own;
  ImportReport report;
  std::optional<TextTensors> tensors = resolveTextTensors(config, checkpoint, own, report);
  for (const Diagnostic &diagnostic : own.all()) {
    if (diagnostic.severity == Severity::Error) {
      diagnostics.error(diagnostic.code, diagnostic.message, diagnostic.where, diagnostic.help);
    }
  }
  if (tensors && tensors->anyQuantized()) {
    return diagnostics.error(ErrorCode::QuantizedCheckpoint, "compiling quantized checkpoints is not supported yet",
                             "config.json: quantization_config", "use the bf16 form of the model");
  }
  return !own.hadError();
}

OwningOpRef<ModuleOp> importGemma(MLIRContext &context, const ModelConfig &config, const Checkpoint &checkpoint,
                                  Diagnostics &diagnostics) {
  if (!tensorsAgree(config, checkpoint, diagnostics)) {
    return {};
  }
  context.loadDialect<gemma::GemmaDialect, func::FuncDialect>();
  OwningOpRef<ModuleOp> module(ModuleOp::create(FileLineColLoc::get(&context, checkpoint.directory(), 0, 0)));
  ModelBuilder(*module, config, checkpoint).build();
  if (failed(verify(*module))) {
    diagnostics.error(ErrorCode::InternalError, "the imported module does not verify", checkpoint.directory(),
                      "please report this with config.json and the tensor list (`lapidary check`)");
    return {};
  }
  return module;
}

} // namespace lapidary
