//===- ModelBuilder.cpp - symbols, embedding and output --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The frame around the layers. Weights are declared when they are first used, so dead tensors never appear; their
// location is the shard file, which is what a later message about their values must name.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/import/ModelBuilder.h"

#include <cmath>

using namespace mlir;

namespace lapidary {

ModelBuilder::ModelBuilder(ModuleOp module, const ModelConfig &config, const Checkpoint &checkpoint,
                           const TextTensors &tensors)
    : module(module), config(config), checkpoint(checkpoint), tensors(tensors), builder(module.getContext()),
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

static RankedTensorType tensorType(Builder &builder, ArrayRef<uint64_t> sizes, Type element) {
  return RankedTensorType::get(SmallVector<int64_t, 3>(sizes.begin(), sizes.end()), element);
}

void ModelBuilder::declare(const std::string &tensor, Type type, gemma::IntegersAttr integers) {
  const TensorInfo &info = *checkpoint.find(tensor);
  Location file = FileLineColLoc::get(builder.getContext(), checkpoint.shardFiles()[info.shard], 0, 0);
  gemma::WeightOp::create(symbolBuilder, NameLoc::get(builder.getStringAttr(tensor), file),
                          builder.getStringAttr(tensor), TypeAttr::get(type), builder.getI64IntegerAttr(info.shard),
                          builder.getI64IntegerAttr(info.begin), integers);
}

RankedTensorType ModelBuilder::declareIntegers(const TensorRole &role) {
  const QuantizedStorage &stored = *role.quantized;
  uint64_t perRow = stored.columns / stored.scaleColumns;
  declare(stored.scales, tensorType(builder, {stored.rows, perRow}, elementType(builder, stored.scaleType)), {});
  auto type = tensorType(builder, role.shape, builder.getIntegerType(stored.bits));
  declare(role.tensor, type,
          gemma::IntegersAttr::get(builder.getContext(), stored.offsetBinary ? "offset" : "twos", stored.rowBytes,
                                   stored.scaleColumns, FlatSymbolRefAttr::get(builder.getContext(), stored.scales)));
  return type;
}

Value ModelBuilder::weight(const std::string &name) {
  Value &value = weights[name];
  if (value) {
    return value;
  }
  const TensorRole &role = *tensors.find(name);
  RankedTensorType type;
  if (role.quantized) {
    type = declareIntegers(role);
  } else {
    type = tensorType(builder, role.shape, elementType(builder, checkpoint.find(role.tensor)->dtype));
    declare(role.tensor, type, {});
  }
  value = gemma::GetWeightOp::create(builder, NameLoc::get(builder.getStringAttr(role.tensor)), type,
                                     FlatSymbolRefAttr::get(builder.getContext(), role.tensor));
  return value;
}

Value ModelBuilder::round(Value x, float step) {
  if (step == 0) {
    return x;
  }
  FloatAttr attribute = builder.getF32FloatAttr(step);
  Value &value = rounded[{x, attribute}];
  if (!value) {
    value = ops.staticRound(x, attribute);
  }
  return value;
}

Value ModelBuilder::project(Value x, const std::string &name) {
  const TensorRole &role = *tensors.find(name);
  if (!role.quantized) {
    return ops.linear(x, weight(name));
  }
  Value product = ops.linear(round(x, role.quantized->inputStep), weight(name));
  return round(product, role.quantized->outputStep);
}

Value ModelBuilder::project(unsigned layer, Value x, std::string_view suffix) {
  return project(x, layerTensor(config, layer, suffix));
}

Value ModelBuilder::layerWeight(unsigned layer, std::string_view suffix) {
  return weight(layerTensor(config, layer, suffix));
}

void ModelBuilder::enterLayer(unsigned layer, StringRef part) {
  ops.enter("layers." + std::to_string(layer) + "." + part.str());
}

float ModelBuilder::embeddingScale(Value table, uint32_t width) const {
  llvm::APFloat scale(static_cast<float>(std::sqrt(static_cast<double>(width))));
  Type element = cast<RankedTensorType>(table.getType()).getElementType();
  if (element.isBF16() || (element.isInteger() && config.dtype != "float32")) {
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
  Value projected = project(embedded, modelTensor(config, "per_layer_model_projection.weight"));
  Value scaled = ops.scale(projected, static_cast<float>(std::pow(config.hidden, -0.5)));
  Value normed =
      ops.rmsNorm(ops.splitHeads(scaled, layers), weight(modelTensor(config, "per_layer_projection_norm.weight")));
  return ops.mergeHeads(ops.scale(ops.add(gathered, normed), static_cast<float>(std::pow(2.0, -0.5))));
}

Value ModelBuilder::logits(Value x) {
  ops.enter("norm");
  Value normed = ops.rmsNorm(x, weight(modelTensor(config, "norm.weight")));
  ops.enter("lm_head");
  bool untied = tensors.find(headTensor) != nullptr;
  Value result = project(normed, untied ? headTensor : modelTensor(config, "embed_tokens.weight"));
  return config.finalSoftcap > 0 ? ops.softcap(result, static_cast<float>(config.finalSoftcap)) : result;
}

} // namespace lapidary
