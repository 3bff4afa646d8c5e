//===- RequiredTensors.cpp - the tensors of the text model ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// gemma4-spec 2.1 to 2.5 as a list. Products of sizes fit 64 bits by the limits ModelConfig keeps (Limits.h).
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/RequiredTensors.h"

#include <algorithm>

namespace lapidary {

namespace {

/// Collects the tensors of one layer.
class LayerList {
public:
  LayerList(const ModelConfig &config, unsigned layer, std::vector<TensorRole> &out)
      : config(config), layer(layer), out(out) {}
  void add(std::string_view suffix, std::vector<uint64_t> shape) {
    std::string name = layerTensor(config, layer, suffix);
    out.push_back({name, std::move(shape), static_cast<int>(layer), name, std::nullopt});
  }

private:
  const ModelConfig &config;
  unsigned layer;
  std::vector<TensorRole> &out;
};

void addAttention(const ModelConfig &config, const LayerConfig &layer, LayerList &list) {
  uint64_t hidden = config.hidden, headDim = layer.headDim;
  uint64_t queryRows = config.heads * headDim, keyRows = layer.kvHeads * headDim;
  list.add("input_layernorm.weight", {hidden});
  list.add("self_attn.q_proj.weight", {queryRows, hidden});
  list.add("self_attn.q_norm.weight", {headDim});
  if (layer.ownsKv) {
    list.add("self_attn.k_proj.weight", {keyRows, hidden});
    list.add("self_attn.k_norm.weight", {headDim});
    if (!layer.keyIsValue) {
      list.add("self_attn.v_proj.weight", {keyRows, hidden});
    }
  }
  list.add("self_attn.o_proj.weight", {hidden, queryRows});
  list.add("post_attention_layernorm.weight", {hidden});
}

void addMlp(const ModelConfig &config, const LayerConfig &layer, LayerList &list) {
  uint64_t hidden = config.hidden, width = layer.intermediate;
  list.add("pre_feedforward_layernorm.weight", {hidden});
  list.add("mlp.gate_proj.weight", {width, hidden});
  list.add("mlp.up_proj.weight", {width, hidden});
  list.add("mlp.down_proj.weight", {hidden, width});
  list.add("post_feedforward_layernorm.weight", {hidden});
}

void addExperts(const ModelConfig &config, LayerList &list) {
  uint64_t hidden = config.hidden, experts = config.experts, width = config.expertIntermediate;
  list.add("router.proj.weight", {experts, hidden});
  list.add("router.scale", {hidden});
  list.add("router.per_expert_scale", {experts});
  list.add("experts.gate_up_proj", {experts, 2 * width, hidden});
  list.add("experts.down_proj", {experts, hidden, width});
  list.add("post_feedforward_layernorm_1.weight", {hidden});
  list.add("pre_feedforward_layernorm_2.weight", {hidden});
  list.add("post_feedforward_layernorm_2.weight", {hidden});
}

void addLayer(const ModelConfig &config, unsigned index, std::vector<TensorRole> &out) {
  const LayerConfig &layer = config.layers[index];
  LayerList list(config, index, out);
  addAttention(config, layer, list);
  addMlp(config, layer, list);
  if (config.experts) {
    addExperts(config, list);
  }
  if (config.pleDim) {
    list.add("per_layer_input_gate.weight", {config.pleDim, config.hidden});
    list.add("per_layer_projection.weight", {config.hidden, config.pleDim});
    list.add("post_per_layer_input_norm.weight", {config.hidden});
  }
  list.add("layer_scalar", {1});
}

} // namespace

std::string TensorRole::module() const { return name.substr(0, name.rfind('.')); }

ModuleKind TensorRole::kind() const {
  if (shape.size() != 2) {
    return ModuleKind::Other;
  }
  return name.find(".embed_tokens") != std::string::npos ? ModuleKind::Embedding : ModuleKind::Linear;
}

TextTensors::TextTensors(std::vector<TensorRole> roles, std::vector<CacheSteps> caches)
    : all(std::move(roles)), layerCaches(std::move(caches)) {
  for (size_t i = 0; i < all.size(); ++i) {
    byName.emplace(all[i].name, i);
  }
}

const TensorRole *TextTensors::find(const std::string &name) const {
  auto found = byName.find(name);
  return found == byName.end() ? nullptr : &all[found->second];
}

bool TextTensors::anyQuantized() const {
  return std::any_of(all.begin(), all.end(), [](const TensorRole &role) { return role.quantized.has_value(); });
}

std::string modelTensor(const ModelConfig &config, std::string_view suffix) {
  return config.tensorPrefix + std::string(suffix);
}

std::string layerTensor(const ModelConfig &config, unsigned layer, std::string_view suffix) {
  return config.tensorPrefix + "layers." + std::to_string(layer) + "." + std::string(suffix);
}

std::vector<TensorRole> requiredTextTensors(const ModelConfig &config, bool untiedHead) {
  std::vector<TensorRole> out;
  auto add = [&](const std::string &name, std::vector<uint64_t> shape) {
    out.push_back({name, std::move(shape), -1, name, std::nullopt});
  };
  uint64_t layers = config.layers.size(), pleColumns = layers * config.pleDim;
  add(modelTensor(config, "embed_tokens.weight"), {config.vocab, config.hidden});
  if (config.pleDim) {
    add(modelTensor(config, "embed_tokens_per_layer.weight"), {config.pleVocab, pleColumns});
    add(modelTensor(config, "per_layer_model_projection.weight"), {pleColumns, config.hidden});
    add(modelTensor(config, "per_layer_projection_norm.weight"), {config.pleDim});
  }
  for (unsigned i = 0; i < layers; ++i) {
    addLayer(config, i, out);
  }
  add(modelTensor(config, "norm.weight"), {config.hidden});
  if (untiedHead) {
    add(headTensor, {config.vocab, config.hidden});
  }
  return out;
}

} // namespace lapidary
