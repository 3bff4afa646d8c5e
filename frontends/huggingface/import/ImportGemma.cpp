//===- ImportGemma.cpp - a checkpoint as a module of the gemma dialect -----===//
// SPDX-License-Identifier: Apache-2.0
//
// Builds and verifies. Everything a file could get wrong was reported when its tensors were resolved, so the builder
// has no error paths; a module that does not verify afterwards is a bug of Lapidary.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/import/ImportGemma.h"

#include "frontends/huggingface/import/ModelBuilder.h"

#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace lapidary {

OwningOpRef<ModuleOp> importGemma(MLIRContext &context, const ModelConfig &config, const Checkpoint &checkpoint,
                                  const TextTensors &tensors, Diagnostics &diagnostics) {
  context.loadDialect<gemma::GemmaDialect, func::FuncDialect>();
  OwningOpRef<ModuleOp> module(ModuleOp::create(FileLineColLoc::get(&context, checkpoint.directory(), 0, 0)));
  ModelBuilder(*module, config, checkpoint, tensors).build();
  if (failed(verify(*module))) {
    diagnostics.error(ErrorCode::InternalError, "the imported module does not verify", checkpoint.directory(),
                      "please report this with config.json and the tensor list (`lapidary check`)");
    return {};
  }
  return module;
}

} // namespace lapidary
