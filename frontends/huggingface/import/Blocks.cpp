//===- Blocks.cpp - the blocks of one layer --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// gemma4-spec 4.4 to 4.10, in order. Every block takes the residual stream and returns it with its branch added.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/import/ModelBuilder.h"

#include <cmath>

using namespace mlir;

namespace lapidary {

Value ModelBuilder::layer(unsigned index, Value x) {
  x = attentionBlock(index, x);
  x = config.experts ? mixedBlock(index, x) : denseBlock(index, x);
  if (config.pleDim) {
    x = injectPerLayerInput(index, x);
  }
  enterLayer(index, "layer_scalar");
  return ops.scaleByWeight(x, layerWeight(index, "layer_scalar"));
}

Value ModelBuilder::attentionBlock(unsigned index, Value x) {
  const LayerConfig &layer = config.layers[index];
  enterLayer(index, "self_attn");
  Value normed = ops.rmsNorm(x, layerWeight(index, "input_layernorm.weight"));
  Value query = ops.splitHeads(project(index, normed, "self_attn.q_proj.weight"), config.heads);
  query = ops.rmsNorm(query, layerWeight(index, "self_attn.q_norm.weight"));
  query = ops.rotary(query, positions, layer.rotary);
  if (layer.ownsKv) {
    appendKeysAndValues(index, normed);
  }
  auto [keys, values] = cached.lookup(layer.kvSource);
  Value mixed = ops.attention(query, keys, values, positions, layer.global ? 0 : config.window);
  Value projected = project(index, ops.mergeHeads(mixed), "self_attn.o_proj.weight");
  return ops.add(x, ops.rmsNorm(projected, layerWeight(index, "post_attention_layernorm.weight")));
}

void ModelBuilder::appendKeysAndValues(unsigned index, Value normed) {
  const LayerConfig &layer = config.layers[index];
  Value rawKey = ops.splitHeads(project(index, normed, "self_attn.k_proj.weight"), layer.kvHeads);
  // keyIsValue: V is the key projection before its norm and rotation.
  Value rawValue =
      layer.keyIsValue ? rawKey : ops.splitHeads(project(index, normed, "self_attn.v_proj.weight"), layer.kvHeads);
  Value key = ops.rmsNorm(rawKey, layerWeight(index, "self_attn.k_norm.weight"));
  key = ops.rotary(key, positions, layer.rotary);
  Value value = ops.rmsNorm(rawValue, /*weight=*/Value());

  std::string cache = "kv." + std::to_string(index);
  auto step = [&](std::optional<float> range) { return range ? builder.getF32FloatAttr(*range) : FloatAttr(); };
  gemma::KvCacheOp::create(
      symbolBuilder, ops.location(), builder.getStringAttr(cache), builder.getI64IntegerAttr(layer.kvHeads),
      builder.getI64IntegerAttr(layer.headDim), builder.getI64IntegerAttr(layer.global ? 0 : config.window),
      step(tensors.caches()[index].key), step(tensors.caches()[index].value), /*geometry=*/Attribute());
  auto update = gemma::KvUpdateOp::create(builder, ops.location(), key.getType(), key.getType(),
                                          FlatSymbolRefAttr::get(builder.getContext(), cache), key, value, positions);
  cached[index] = {update.getKeys(), update.getValues()};
}

Value ModelBuilder::gatedMlp(unsigned index, Value x) {
  Value gate = ops.gelu(project(index, x, "mlp.gate_proj.weight"));
  Value up = project(index, x, "mlp.up_proj.weight");
  return project(index, ops.mul(gate, up), "mlp.down_proj.weight");
}

Value ModelBuilder::denseBlock(unsigned index, Value x) {
  enterLayer(index, "mlp");
  Value normed = ops.rmsNorm(x, layerWeight(index, "pre_feedforward_layernorm.weight"));
  Value result = gatedMlp(index, normed);
  return ops.add(x, ops.rmsNorm(result, layerWeight(index, "post_feedforward_layernorm.weight")));
}

Value ModelBuilder::mixedBlock(unsigned index, Value x) {
  enterLayer(index, "mlp");
  Value normed = ops.rmsNorm(x, layerWeight(index, "pre_feedforward_layernorm.weight"));
  Value dense = ops.rmsNorm(gatedMlp(index, normed), layerWeight(index, "post_feedforward_layernorm_1.weight"));
  enterLayer(index, "experts");
  Value sparse = ops.rmsNorm(experts(index, x), layerWeight(index, "post_feedforward_layernorm_2.weight"));
  Value sum = ops.add(dense, sparse);
  return ops.add(x, ops.rmsNorm(sum, layerWeight(index, "post_feedforward_layernorm.weight")));
}

Value ModelBuilder::experts(unsigned index, Value x) {
  // The router reads the stream itself, not the pre-normed input of the experts.
  Value routed = ops.rmsNorm(x, layerWeight(index, "router.scale"));
  routed = ops.scale(routed, static_cast<float>(std::pow(config.hidden, -0.5)));
  Value logits = project(index, routed, "router.proj.weight");
  auto [weights, indices] = ops.route(logits, layerWeight(index, "router.per_expert_scale"), config.topExperts);
  Value input = ops.rmsNorm(x, layerWeight(index, "pre_feedforward_layernorm_2.weight"));
  Value gateUp = layerWeight(index, "experts.gate_up_proj");
  Value down = layerWeight(index, "experts.down_proj");
  return gemma::ExpertsOp::create(builder, ops.location(), input.getType(), input, weights, indices, gateUp, down,
                                  gemma::FormatAttr());
}

Value ModelBuilder::injectPerLayerInput(unsigned index, Value x) {
  enterLayer(index, "per_layer_input");
  int64_t width = config.pleDim;
  Value gate = ops.gelu(project(index, x, "per_layer_input_gate.weight"));
  Value gated = ops.mul(gate, ops.sliceColumns(perLayer, index * width, width));
  Value projected = project(index, gated, "per_layer_projection.weight");
  return ops.add(x, ops.rmsNorm(projected, layerWeight(index, "post_per_layer_input_norm.weight")));
}

} // namespace lapidary
