//===- ModelBuilder.cpp - symbols, embedding and output --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The frame around the layers. Weights are declared when they are first used, so dead tensors never appear; their
// location is the shard file, which is what a later message about their values must name.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/import/ModelBuilder.h"

#include "frontends/huggingface/RequiredTensors.h"

#include <cmath>

using namespace mlir;

namespace lapidary {

ModelBuilder::ModelBuilder(ModuleOp module, const ModelConfig &config, const Checkpoint &checkpoint)
    : module(module), config(config), checkpoint(checkpoint), builder(module.getContext()),
      symbolBuilder(module.getContext()), ops(builder, config.rmsEps) {}

void ModelBuilder::build() {
  setModuleAttributes();
  createScoreFunction();
  Value x = embedTokens();
  if (config.pleDim) {
    perLayer = perLayerInputs(x);
  }
  for (unsigned index = 0; index < config.layers.size(); ++index) {
    x = layer(index, x);
  }
  Value result = logits(x);
  func::ReturnOp::create(builder, ops.location(), result);
}

void ModelBuilder::setModuleAttributes() {
  auto set = [&](StringRef name, int64_t value) { module->setAttr(name, builder.getI64IntegerAttr(value)); };
  set("gemma.vocab", config.vocab);
  set("gemma.hidden", config.hidden);
  set("gemma.context", config.maxPositions);
  set("gemma.layers", config.layers.size());
}

func::FuncOp ModelBuilder::createScoreFunction() {
  Type rowIds = RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
  auto type = builder.getFunctionType({rowIds, rowIds}, {rowsType(builder, {config.vocab})});
  builder.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(builder, builder.getUnknownLoc(), "score", type);
  symbolBuilder.setInsertionPoint(function);
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToEnd(entry);
  ids = entry->getArgument(0);
  positions = entry->getArgument(1);
  return function;
}

/// f32 or bf16: importGemma has refused everything else.
static Type elementType(Builder &builder, DType dtype) {
  return dtype == DType::BF16 ? Type(builder.getBF16Type()) : Type(builder.getF32Type());
}

Value ModelBuilder::weight(const std::string &tensor) {
  Value &value = weights[tensor];
  if (value) {
    return value;
  }
  const TensorInfo &info = *checkpoint.find(tensor);
  SmallVector<int64_t, 3> shape(info.shape.begin(), info.shape.end());
  auto type = RankedTensorType::get(shape, elementType(builder, info.dtype));
  Location file = FileLineColLoc::get(builder.getContext(), checkpoint.shardFiles()[info.shard], 0, 0);
  Location location = NameLoc::get(builder.getStringAttr(tensor), file);
  gemma::WeightOp::create(symbolBuilder, location, builder.getStringAttr(tensor), TypeAttr::get(type),
                          builder.getI64IntegerAttr(info.shard), builder.getI64IntegerAttr(info.begin));
  value = gemma::GetWeightOp::create(builder, location, type, FlatSymbolRefAttr::get(builder.getContext(), tensor));
  return value;
}

Value ModelBuilder::layerWeight(unsigned layer, std::string_view suffix) {
  return weight(layerTensor(config, layer, suffix));
}

void ModelBuilder::enterLayer(unsigned layer, StringRef part) {
  ops.enter("layers." + std::to_string(layer) + "." + part.str());
}

/// sqrt(width), rounded to the element type of the table as the reference does: 39.25 for 1536 columns in bf16.
static float embeddingScale(Value table, uint32_t width) {
  llvm::APFloat scale(static_cast<float>(std::sqrt(static_cast<double>(width))));
  if (cast<RankedTensorType>(table.getType()).getElementType().isBF16()) {
    bool losesInfo = false;
    scale.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    scale.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  }
  return scale.convertToFloat();
}

Value ModelBuilder::embedTokens() {
  ops.enter("embed_tokens");
  Value table = weight(modelTensor(config, "embed_tokens.weight"));
  return ops.embedding(ids, table, embeddingScale(table, config.hidden));
}

Value ModelBuilder::perLayerInputs(Value embedded) {
  ops.enter("per_layer_inputs");
  int64_t layers = config.layers.size();
  Value table = weight(modelTensor(config, "embed_tokens_per_layer.weight"));
  Value gathered = ops.splitHeads(ops.embedding(ids, table, embeddingScale(table, config.pleDim)), layers);
  Value projected = ops.linear(embedded, weight(modelTensor(config, "per_layer_model_projection.weight")));
  Value scaled = ops.scale(projected, static_cast<float>(std::pow(config.hidden, -0.5)));
  Value normed =
      ops.rmsNorm(ops.splitHeads(scaled, layers), weight(modelTensor(config, "per_layer_projection_norm.weight")));
  return ops.mergeHeads(ops.scale(ops.add(gathered, normed), static_cast<float>(std::pow(2.0, -0.5))));
}

Value ModelBuilder::logits(Value x) {
  ops.enter("norm");
  Value normed = ops.rmsNorm(x, weight(modelTensor(config, "norm.weight")));
  ops.enter("lm_head");
  bool untied = checkpoint.find(headTensor) != nullptr;
  Value result = ops.linear(normed, weight(untied ? headTensor : modelTensor(config, "embed_tokens.weight")));
  return config.finalSoftcap > 0 ? ops.softcap(result, static_cast<float>(config.finalSoftcap)) : result;
}

} // namespace lapidary
