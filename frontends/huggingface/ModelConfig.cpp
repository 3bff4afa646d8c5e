//===- ModelConfig.cpp - what config.json and generation_config.json say -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// The sequence of readModelConfig and the sizes of the whole model. Fields that shape the model are required; fields
// that transformers itself leaves out have its defaults (gemma4-spec 1.1).
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/ModelConfig.h"

#include "frontends/huggingface/ModelConfigParts.h"
#include "support/FileIO.h"

namespace lapidary {

namespace {

void readSizes(const ConfigFields &text, ModelConfig &config) {
  config.vocab = text.whole("vocab_size", 1, limits::vocabulary);
  config.hidden = text.whole("hidden_size", 1, limits::hidden);
  config.heads = text.whole("num_attention_heads", 1, limits::heads);
  config.window = text.whole("sliding_window", 1, limits::positions);
  config.maxPositions = text.whole("max_position_embeddings", 1, limits::positions, 131072);
  config.rmsEps = text.real("rms_norm_eps", 1e-12, 1e-1, 1e-6);
  config.finalSoftcap = text.real("final_logit_softcapping", 1e-3, 1e6, 0.0);
  config.pleDim = text.find("hidden_size_per_layer_input") || !text.json().find("hidden_size_per_layer_input")
                      ? text.whole("hidden_size_per_layer_input", 0, limits::perLayerDim, 256)
                      : 0; // null switches it off, absence means the default
  config.pleVocab = config.pleDim ? text.whole("vocab_size_per_layer_input", 1, limits::vocabulary, 262144) : 0;
}

void readExperts(const ConfigFields &text, ModelConfig &config) {
  if (!text.flag("enable_moe_block", false)) {
    return;
  }
  config.experts = text.whole("num_experts", 1, limits::experts);
  config.topExperts = text.whole("top_k_experts", 1, limits::experts);
  config.expertIntermediate = text.whole("moe_intermediate_size", 1, limits::intermediate);
  if (config.topExperts > config.experts) {
    text.error(ErrorCode::BadExperts, "top_k_experts",
               "is " + std::to_string(config.topExperts) + ", expected at most num_experts, which is " +
                   std::to_string(config.experts));
  }
}

/// Values that mean a computation we do not have. Reports E0244.
void refuseUnsupported(const ConfigFields &text) {
  std::string activation = text.string("hidden_activation").value_or("gelu_pytorch_tanh");
  if (activation != "gelu_pytorch_tanh") {
    text.error(ErrorCode::UnsupportedValue, "hidden_activation",
               "is " + quoted(activation) + ", expected 'gelu_pytorch_tanh'");
  }
  if (text.flag("attention_bias", false)) {
    text.error(ErrorCode::UnsupportedValue, "attention_bias", "is true, expected false");
  }
  std::optional<std::string> bidirectional = text.string("use_bidirectional_attention");
  if (bidirectional && *bidirectional != "vision") {
    text.error(ErrorCode::UnsupportedValue, "use_bidirectional_attention",
               "is " + quoted(*bidirectional) + ", expected null or 'vision'",
               *bidirectional == "all" ? "this is an embedding model; Lapidary compiles models that generate text"
                                       : "");
  }
  std::string type = text.string("model_type").value_or("gemma4_text");
  if (type != "gemma4_text" && type != "gemma4") {
    text.error(ErrorCode::UnsupportedModelType, "model_type", "is " + quoted(type) + ", expected 'gemma4_text'");
  }
}

/// Fields that only inform, and those of the multimodal wrapper.
void readWrapper(const ConfigFields &root, const ConfigFields &text, ModelConfig &config) {
  for (const char *name : {"dtype", "torch_dtype"}) {
    const JsonValue *dtype = root.find(name) ? root.find(name) : text.find(name);
    if (dtype && dtype->is(JsonValue::Kind::String) && config.dtype.empty()) {
      config.dtype = dtype->text;
    }
  }
  config.tiedEmbeddings = root.flag("tie_word_embeddings", text.flag("tie_word_embeddings", true));
  config.hasVision = root.member("vision_config") != nullptr;
  config.hasAudio = root.member("audio_config") != nullptr;
  for (const char *name : {"image_token_id", "audio_token_id", "video_token_id"}) {
    const JsonValue *id = root.find(name);
    if (id && id->is(JsonValue::Kind::Unsigned) && id->whole < config.vocab) {
      config.placeholderIds.push_back(static_cast<int32_t>(id->whole)); // vocab <= 2^20
    }
  }
}

} // namespace

std::optional<ModelConfig> readModelConfig(const std::string &directory, Diagnostics &diagnostics) {
  std::string path = joinPath(directory, "config.json");
  std::string generationPath = joinPath(directory, "generation_config.json");
  std::optional<JsonValue> json = loadConfigFile(path, diagnostics);
  if (!json) {
    return std::nullopt;
  }
  std::optional<JsonValue> generationJson;
  if (pathExists(generationPath) && !(generationJson = loadConfigFile(generationPath, diagnostics))) {
    return std::nullopt;
  }
  CappedErrors errors(diagnostics, "config.json");
  ConfigFields root(*json, "", "config.json", errors);
  ModelConfig config;
  if (!readArchitecture(root, config)) {
    return std::nullopt;
  }
  bool wrapped = config.architecture == "Gemma4ForConditionalGeneration";
  const JsonValue *textJson = wrapped ? root.member("text_config") : &*json;
  if (!textJson) {
    if (!root.find("text_config")) {
      root.error(ErrorCode::ConfigMissingField, "text_config", "is missing, expected the fields of the text model");
    }
    return std::nullopt;
  }
  ConfigFields text(*textJson, wrapped ? "text_config." : "", "config.json", errors);
  readSizes(text, config);
  readExperts(text, config);
  refuseUnsupported(text);
  readLayers(text, config, diagnostics);
  readWrapper(root, text, config);
  std::optional<ConfigFields> generation;
  if (generationJson) {
    generation.emplace(*generationJson, "", "generation_config.json", errors);
  }
  readGeneration(generation ? &*generation : nullptr, root, text, config);
  if (errors.any()) {
    return std::nullopt;
  }
  return config;
}

} // namespace lapidary
