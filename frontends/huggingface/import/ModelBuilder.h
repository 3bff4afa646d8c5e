//===- ModelBuilder.h - one method per block of the model ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Builds @score from a configuration whose tensors have been checked. ModelBuilder.cpp has the frame (symbols,
// embedding, output), Blocks.cpp the blocks of a layer, in the order of gemma4-spec 4.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_IMPORT_MODELBUILDER_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_IMPORT_MODELBUILDER_H

#include "frontends/huggingface/RequiredTensors.h"
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
  ModelBuilder(mlir::ModuleOp module, const ModelConfig &config, const Checkpoint &checkpoint,
               const TextTensors &tensors);

  /// Writes symbols, module attributes and @score.
  void build();

private:
  // The frame (ModelBuilder.cpp)
  void setModuleAttributes();
  mlir::func::FuncOp createScoreFunction();
  /// The value of the tensor with this logical name; declares its symbol on first use.
  mlir::Value weight(const std::string &name);
  mlir::Value layerWeight(unsigned layer, std::string_view suffix);
  void declare(const std::string &tensor, mlir::Type type, gemma::IntegersAttr integers);
  /// Declares the integers and scales of `role`; returns the type of its integers.
  mlir::RankedTensorType declareIntegers(const TensorRole &role);
  /// x W^T with the static ranges of the module, if it has any: srq(srq(x) W^T).
  mlir::Value project(mlir::Value x, const std::string &name);
  mlir::Value project(unsigned layer, mlir::Value x, std::string_view suffix);
  /// Rounds to a static range, each value once per step; a step of 0 leaves it alone.
  mlir::Value round(mlir::Value x, float step);
  /// sqrt(width), rounded to bf16 in models of that type, as the reference does: 39.25 for 1536 columns.
  float embeddingScale(mlir::Value table, uint32_t width) const;
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
  const TextTensors &tensors;
  mlir::OpBuilder builder;       ///< inside @score
  mlir::OpBuilder symbolBuilder; ///< before @score
  RowOps ops;
  mlir::Value ids, positions;                                                   ///< [tokens] i32
  mlir::Value perLayer;                                                         ///< null without PLE
  llvm::StringMap<mlir::Value> weights;                                         ///< by logical name
  llvm::DenseMap<std::pair<mlir::Value, mlir::Attribute>, mlir::Value> rounded; ///< by value and step
  /// Keys and values that each owning layer's cache shows.
  llvm::DenseMap<unsigned, std::pair<mlir::Value, mlir::Value>> cached;
};

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_IMPORT_MODELBUILDER_H
