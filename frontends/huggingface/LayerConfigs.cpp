//===- LayerConfigs.cpp - what every layer is ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Resolves the three ways a config describes layers (layer_types with head fields per kind, per_layer_config, and the
// default pattern) into one LayerConfig each, and finds whose keys and values a sharing layer reads.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/ModelConfigParts.h"

#include <map>

namespace lapidary {

namespace {

constexpr const char *slidingKind = "sliding_attention";
constexpr const char *fullKind = "full_attention";

/// One entry of per_layer_config; absent fields keep the value of the layer's kind.
struct LayerOverride {
  std::optional<uint32_t> headDim, kvHeads;
};

/// Which layers are full attention. Reports E0246, W0304.
std::vector<bool> readLayerTypes(const ConfigFields &text, uint32_t layers, Diagnostics &diagnostics) {
  std::vector<bool> global(layers);
  for (uint32_t i = 0; i < layers; ++i) {
    global[i] = (i + 1) % 6 == 0; // the architecture's default: five sliding, one full
  }
  const JsonValue *types = text.find("layer_types");
  if (types && (!types->is(JsonValue::Kind::Array) || types->items.size() != layers)) {
    std::string found =
        types->is(JsonValue::Kind::Array) ? countText(types->items.size()) + " entries" : types->describe();
    text.error(ErrorCode::BadLayerTypes, "layer_types",
               "has " + found + ", expected a list of " + std::to_string(layers) + " (num_hidden_layers)");
    types = nullptr;
  }
  for (uint32_t i = 0; types && i < layers; ++i) {
    const JsonValue &type = types->items[i];
    bool known = type.is(JsonValue::Kind::String) && (type.text == slidingKind || type.text == fullKind);
    if (!known) {
      text.error(ErrorCode::BadLayerTypes, "layer_types[" + std::to_string(i) + "]",
                 "is " + type.describe() + ", expected 'sliding_attention' or 'full_attention'");
      continue;
    }
    global[i] = type.text == fullKind;
  }
  if (!global.back()) {
    diagnostics.warning(ErrorCode::LastLayerForcedFull,
                        "the last layer is changed to full_attention, as the reference implementation does",
                        "config.json: layer_types");
    global.back() = true;
  }
  return global;
}

/// Layer number of a per_layer_config key such as "5" or "05".
std::optional<uint32_t> layerNumber(const std::string &key, uint32_t layers) {
  if (key.empty() || key.size() > 6 || key.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  uint32_t number = 0;
  for (char digit : key) {
    number = number * 10 + static_cast<uint32_t>(digit - '0'); // at most six digits
  }
  return number < layers ? std::optional<uint32_t>(number) : std::nullopt;
}

LayerOverride readOverride(const ConfigFields &fields) {
  LayerOverride layer;
  for (const std::string &key : fields.json().keys) {
    if (key == "head_dim" && fields.find(key)) {
      layer.headDim = fields.whole(key, 2, limits::headDim);
    } else if (key == "num_key_value_heads" && fields.find(key)) {
      layer.kvHeads = fields.whole(key, 1, limits::heads);
    } else if (key != "head_dim" && key != "num_key_value_heads") {
      fields.error(ErrorCode::BadPerLayerConfig, quoted(key),
                   "is not known, expected head_dim and num_key_value_heads only");
    }
  }
  return layer;
}

/// per_layer_config as layer number -> override. Reports E0250.
std::map<uint32_t, LayerOverride> readOverrides(const ConfigFields &text, uint32_t layers) {
  std::map<uint32_t, LayerOverride> overrides;
  const JsonValue *object = text.member("per_layer_config");
  if (!object) {
    return overrides;
  }
  ConfigFields fields = text.inside("per_layer_config", *object);
  for (const std::string &key : object->keys) {
    std::optional<uint32_t> number = layerNumber(key, layers);
    if (!number) {
      fields.error(ErrorCode::BadPerLayerConfig, quoted(key),
                   "is not a layer, expected a number from 0 to " + std::to_string(layers - 1));
      continue;
    }
    const JsonValue *value = fields.member(key);
    LayerOverride layer = value ? readOverride(fields.inside(key, *value)) : LayerOverride();
    if (!overrides.emplace(*number, layer).second) {
      fields.error(ErrorCode::BadPerLayerConfig, quoted(key),
                   "names layer " + std::to_string(*number) + " a second time, expected each layer once");
    }
  }
  return overrides;
}

/// Head sizes and counts per layer, from the fields of its kind and from per_layer_config.
void fillHeads(const ConfigFields &text, ModelConfig &config) {
  auto overrides = readOverrides(text, static_cast<uint32_t>(config.layers.size()));
  bool newForm = text.find("per_layer_config") != nullptr;
  bool keyIsValue = text.flag("attention_k_eq_v", false);
  uint32_t headDim = text.whole("head_dim", 2, limits::headDim, 256);
  // In the newer form a layer that per_layer_config does not list has the plain fields, whatever its kind.
  uint32_t globalHeadDim = text.whole("global_head_dim", 2, limits::headDim, newForm ? headDim : 512);
  bool allListed = overrides.size() == config.layers.size();
  uint32_t kvHeads =
      text.whole("num_key_value_heads", 1, limits::heads, allListed ? std::optional<uint32_t>(1) : std::nullopt);
  uint32_t globalKvHeads = text.whole("num_global_key_value_heads", 1, limits::heads, kvHeads);
  for (uint32_t i = 0; i < config.layers.size(); ++i) {
    LayerConfig &layer = config.layers[i];
    layer.keyIsValue = layer.global && keyIsValue;
    layer.headDim = layer.global ? globalHeadDim : headDim;
    layer.kvHeads = layer.keyIsValue ? globalKvHeads : kvHeads;
    auto found = overrides.find(i);
    if (found != overrides.end()) {
      layer.headDim = found->second.headDim.value_or(layer.headDim);
      layer.kvHeads = found->second.kvHeads.value_or(layer.kvHeads);
    }
  }
}

void checkHeads(const ConfigFields &text, const ModelConfig &config) {
  for (size_t i = 0; i < config.layers.size(); ++i) {
    const LayerConfig &layer = config.layers[i];
    std::string inLayer = " in layer " + std::to_string(i);
    if (layer.headDim % 2) {
      text.error(ErrorCode::BadHeads, layer.global ? "global_head_dim" : "head_dim",
                 "is " + std::to_string(layer.headDim) + inLayer + ", expected an even number");
    }
    if (config.heads % layer.kvHeads) {
      text.error(ErrorCode::BadHeads, "num_attention_heads",
                 "is " + std::to_string(config.heads) + ", expected a multiple of the " +
                     std::to_string(layer.kvHeads) + " key/value heads" + inLayer);
    }
  }
}

/// Number of layers that own K/V; the rest share. Reports E0247.
uint32_t readFirstShared(const ConfigFields &text, uint32_t layers) {
  uint32_t shared = text.whole("num_kv_shared_layers", 0, limits::layers, 0);
  if (shared >= layers) {
    text.error(ErrorCode::BadKvSharing, "num_kv_shared_layers",
               "is " + std::to_string(shared) + ", expected at most " + std::to_string(layers - 1) +
                   ", so that a layer is left to share from");
    return layers;
  }
  return layers - shared;
}

/// Points every layer from `firstShared` on to the last owning layer of its kind.
void linkSources(const ConfigFields &text, uint32_t firstShared, ModelConfig &config) {
  std::optional<uint32_t> lastOwner[2]; // [0] sliding, [1] full
  for (uint32_t i = 0; i < config.layers.size(); ++i) {
    LayerConfig &layer = config.layers[i];
    layer.kvSource = i;
    layer.ownsKv = i < firstShared;
    if (layer.ownsKv) {
      lastOwner[layer.global] = i;
      continue;
    }
    std::string kind = layer.global ? fullKind : slidingKind;
    std::optional<uint32_t> source = lastOwner[layer.global];
    if (!source) {
      text.error(ErrorCode::BadKvSharing, "num_kv_shared_layers",
                 "makes layer " + std::to_string(i) + " (" + kind + ") share K/V, but no layer of this kind below " +
                     std::to_string(firstShared) + " owns any");
      continue;
    }
    layer.kvSource = *source;
    const LayerConfig &owner = config.layers[*source];
    if (owner.headDim != layer.headDim || owner.kvHeads != layer.kvHeads) {
      text.error(ErrorCode::BadKvSharing, "per_layer_config",
                 "gives layer " + std::to_string(i) + " " + std::to_string(layer.kvHeads) + " x " +
                     std::to_string(layer.headDim) + " K/V, expected " + std::to_string(owner.kvHeads) + " x " +
                     std::to_string(owner.headDim) + " as in layer " + std::to_string(*source) + ", which it shares");
    }
  }
}

} // namespace

void readLayers(const ConfigFields &text, ModelConfig &config, Diagnostics &diagnostics) {
  uint32_t count = text.whole("num_hidden_layers", 1, limits::layers);
  std::vector<bool> global = readLayerTypes(text, count, diagnostics);
  config.layers.assign(count, LayerConfig());
  bool anySliding = false;
  for (uint32_t i = 0; i < count; ++i) {
    config.layers[i].global = global[i];
    anySliding |= !global[i];
  }
  fillHeads(text, config);
  checkHeads(text, config);
  uint32_t firstShared = readFirstShared(text, count);
  linkSources(text, firstShared, config);
  uint32_t intermediate = text.whole("intermediate_size", 1, limits::intermediate);
  bool doubleWide = text.flag("use_double_wide_mlp", false);
  RotaryFields sliding = anySliding ? readRotary(text, slidingKind) : RotaryFields();
  RotaryFields full = readRotary(text, fullKind);
  for (LayerConfig &layer : config.layers) {
    layer.intermediate = doubleWide && !layer.ownsKv ? 2 * intermediate : intermediate;
    layer.rotary = rotaryFor(layer.global ? full : sliding, layer.headDim);
  }
}

} // namespace lapidary
