//===- ModelBuilder.h - one method per block of the model ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Builds @score from a configuration whose tensors have been checked. ModelBuilder.cpp has the frame (symbols,
// embedding, output), Blocks.cpp the blocks of a layer, in the order of gemma4-spec 4.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_IMPORT_MODELBUILDER_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_IMPORT_MODELBUILDER_H

#include "frontends/huggingface/import/RowOps.h"
#include "frontends/safetensors/Checkpoint.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

#include <string_view>

namespace lapidary {

class ModelBuilder {
public:
  ModelBuilder(mlir::ModuleOp module, const ModelConfig &config, const Checkpoint &checkpoint);

  /// Writes symbols, module attributes and @score.
  void build();

private:
  // The frame (ModelBuilder.cpp)
  void setModuleAttributes();
  mlir::func::FuncOp createScoreFunction();
  /// The value of a checkpoint tensor; declares its symbol on first use.
  mlir::Value weight(const std::string &tensor);
  mlir::Value layerWeight(unsigned layer, std::string_view suffix);
  void enterLayer(unsigned layer, llvm::StringRef part);
  /// x0 = E[ids] * sqrt(H) (4.1).
  mlir::Value embedTokens();
  /// All layers' inputs [tokens, layers * P] (4.2).
  mlir::Value perLayerInputs(mlir::Value embedded);
  /// Final norm, output matrix, softcap (4.11).
  mlir::Value logits(mlir::Value x);

  // The blocks of one layer (Blocks.cpp); x is the residual stream [tokens, hidden]
  mlir::Value layer(unsigned index, mlir::Value x);
  mlir::Value attentionBlock(unsigned index, mlir::Value x);
  /// Projects, norms, rotates and caches K and V of a layer that owns them; remembers what it sees (4.4, 4.5).
  void appendKeysAndValues(unsigned index, mlir::Value normed);
  mlir::Value denseBlock(unsigned index, mlir::Value x);
  mlir::Value mixedBlock(unsigned index, mlir::Value x);
  /// down(gelu(gate(x)) * up(x))
  mlir::Value gatedMlp(unsigned index, mlir::Value x);
  /// The chosen experts' weighted sum, before its norm (4.8).
  mlir::Value experts(unsigned index, mlir::Value x);
  mlir::Value injectPerLayerInput(unsigned index, mlir::Value x);

  mlir::ModuleOp module;
  const ModelConfig &config;
  const Checkpoint &checkpoint;
  mlir::OpBuilder builder;       ///< inside @score
  mlir::OpBuilder symbolBuilder; ///< before @score
  RowOps ops;
  mlir::Value ids, positions; ///< [tokens] i32
  mlir::Value perLayer;       ///< null without PLE
  llvm::StringMap<mlir::Value> weights;
  /// Keys and values that each owning layer's cache shows.
  llvm::DenseMap<unsigned, std::pair<mlir::Value, mlir::Value>> cached;
};

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_IMPORT_MODELBUILDER_H
