//===- ConfigCases.cpp - bad config.json and generation_config.json ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Most cases set one field of an otherwise valid config.json; the message must name the field and what is accepted.
//===----------------------------------------------------------------------===//
#include "test/frontends/huggingface/MalformedCases.h"

#include <filesystem>

namespace lapidary::test {

namespace {

using nlohmann::json;

MalformedCase config(const std::string &name, ErrorCode code, std::vector<std::string> words,
                     const std::function<void(TinyModel &)> &change, Variant variant = Variant::Edge) {
  words.push_back("config.json");
  return {name, code, std::move(words),
          [change](TinyModel &model, const TempDirectory &directory) {
            change(model);
            model.writeConfig(directory);
          },
          variant};
}

/// A case that sets one field of the text model.
MalformedCase field(const std::string &name, ErrorCode code, const std::string &key, const json &value,
                    std::vector<std::string> words = {}, Variant variant = Variant::Edge) {
  words.push_back("text_config." + key.substr(0, key.find('/')));
  words.push_back("expected");
  return config(
      name, code, std::move(words), [=](TinyModel &model) { model.text()[json::json_pointer("/" + key)] = value; },
      variant);
}

/// A case that removes one field of the text model.
MalformedCase without(const std::string &key, Variant variant = Variant::Edge) {
  return config(
      "config without " + key, ErrorCode::ConfigMissingField, {"text_config." + key, "is missing"},
      [=](TinyModel &model) { model.text().erase(key); }, variant);
}

MalformedCase file(const std::string &name, ErrorCode code, std::vector<std::string> words, const std::string &which,
                   const std::string &content) {
  words.push_back(which);
  return {name, code, std::move(words),
          [=](TinyModel &, const TempDirectory &directory) { directory.write(which, content); }};
}

std::vector<MalformedCase> fileCases() {
  return {
      {"config.json missing",
       ErrorCode::FileNotFound,
       {"config.json", "does not exist"},
       [](TinyModel &, const TempDirectory &directory) { std::filesystem::remove(directory.file("config.json")); }},
      file("config is empty", ErrorCode::ConfigSyntax, {"end of input"}, "config.json", ""),
      file("config cut off", ErrorCode::ConfigSyntax, {"line 2"}, "config.json", "{\"model_type\":\n\"gem"),
      file("config has NaN", ErrorCode::ConfigSyntax, {"line 1"}, "config.json", R"({"rms_norm_eps": NaN})"),
      file("config is a list", ErrorCode::ConfigSyntax, {"a list", "expected an object"}, "config.json", "[]"),
      file("config key twice", ErrorCode::ConfigDuplicateKey, {"'a'"}, "config.json", R"({"x":{"a":1,"a":2}})"),
      file("config nested deeply", ErrorCode::ConfigSyntax, {"16 levels"}, "config.json", std::string(50000, '[')),
      file("config too large", ErrorCode::FileTooLarge, {"4,194,304 bytes"}, "config.json", std::string(5 << 20, ' ')),
      file("generation config broken", ErrorCode::ConfigSyntax, {"line 1"}, "generation_config.json", "{"),
      file("generation config key twice", ErrorCode::ConfigDuplicateKey, {"'top_k'"}, "generation_config.json",
           R"({"top_k":1,"top_k":2})"),
  };
}

std::vector<MalformedCase> architectureCases() {
  auto root = [](const std::string &key, const json &value) {
    return [=](TinyModel &model) { model.config[key] = value; };
  };
  return {
      config("model_type missing", ErrorCode::ConfigMissingField, {"model_type", "gemma4_text"},
             [](TinyModel &model) { model.config.erase("model_type"); }),
      config("model_type is a number", ErrorCode::ConfigWrongType, {"model_type"}, root("model_type", 4)),
      config("model_type of Gemma 3", ErrorCode::UnsupportedModelType, {"'gemma3'", "accepted are gemma4"},
             root("model_type", "gemma3")),
      config("model_type unified", ErrorCode::UnsupportedModelType, {"'gemma4_unified'"},
             root("model_type", "gemma4_unified")),
      config("drafter checkpoint", ErrorCode::AssistantCheckpoint, {"drafter", "expected a model"},
             root("model_type", "gemma4_assistant")),
      config("architecture of Llama", ErrorCode::UnsupportedArchitecture,
             {"'LlamaForCausalLM'", "accepted are Gemma4ForConditionalGeneration"},
             root("architectures", {"LlamaForCausalLM"})),
      config("architecture and model_type differ", ErrorCode::UnsupportedArchitecture,
             {"'Gemma4ForCausalLM'", "model_type gemma4"}, root("architectures", {"Gemma4ForCausalLM"})),
      config("architectures is a string", ErrorCode::ConfigWrongType, {"architectures"},
             root("architectures", "Gemma4ForCausalLM")),
      config("architectures is empty", ErrorCode::ConfigWrongType, {"architectures"},
             root("architectures", json::array())),
      config("text_config missing", ErrorCode::ConfigMissingField, {"text_config"},
             [](TinyModel &model) { model.config.erase("text_config"); }),
      config("text_config is a list", ErrorCode::ConfigWrongType, {"text_config", "a list"},
             root("text_config", json::array())),
      config("text model of another kind", ErrorCode::UnsupportedModelType, {"'gemma3_text'"},
             [](TinyModel &model) { model.text()["model_type"] = "gemma3_text"; }),
      config("quantized by gptq", ErrorCode::QuantizedCheckpoint,
             {"'gptq'", "accepted are 'gemma' and 'compressed-tensors'"},
             root("quantization_config", {{"quant_method", "gptq"}})),
      config("quantized by fp8", ErrorCode::QuantizedCheckpoint, {"'fp8'"},
             root("quantization_config", {{"quant_method", "fp8"}})),
      config("quantized in another format", ErrorCode::QuantizedCheckpoint,
             {"format is the string 'float-quantized'", "'gemma'"},
             root("quantization_config", {{"quant_method", "compressed-tensors"}, {"format", "float-quantized"}})),
      config("quantized in no format", ErrorCode::QuantizedCheckpoint, {"format is missing"},
             root("quantization_config", {{"quant_method", "compressed-tensors"}})),
      config("quantization is a list", ErrorCode::ConfigWrongType, {"quantization_config", "an object"},
             root("quantization_config", json::array())),
      config("quantized without a method", ErrorCode::QuantizedCheckpoint, {"none"},
             root("quantization_config", json::object())),
      config("quantized text model", ErrorCode::QuantizedCheckpoint, {"text_config.quantization_config", "'awq'"},
             [](TinyModel &model) { model.text()["quantization_config"] = {{"quant_method", "awq"}}; }),
      config("vision_config is a number", ErrorCode::ConfigWrongType, {"vision_config"}, root("vision_config", 1)),
      config("tie_word_embeddings is a string", ErrorCode::ConfigWrongType, {"tie_word_embeddings", "true or false"},
             root("tie_word_embeddings", "yes")),
  };
}

std::vector<MalformedCase> sizeCases() {
  return {
      without("vocab_size"),
      without("hidden_size"),
      without("intermediate_size"),
      without("num_hidden_layers"),
      without("num_attention_heads"),
      without("num_key_value_heads"),
      without("sliding_window"),
      without("num_experts", Variant::Moe),
      without("top_k_experts", Variant::Moe),
      without("moe_intermediate_size", Variant::Moe),
      field("hidden_size is a string", ErrorCode::ConfigWrongType, "hidden_size", "8", {"the string '8'"}),
      field("hidden_size is a fraction", ErrorCode::ConfigWrongType, "hidden_size", 8.5, {"8.5"}),
      field("hidden_size is negative", ErrorCode::ConfigOutOfRange, "hidden_size", -8, {"-8"}),
      field("hidden_size is zero", ErrorCode::ConfigOutOfRange, "hidden_size", 0),
      field("hidden_size beyond 32 bits", ErrorCode::ConfigOutOfRange, "hidden_size", 4294967304ull, {"4294967304"}),
      field("vocabulary too large", ErrorCode::ConfigOutOfRange, "vocab_size", 1048577, {"1048576"}),
      field("too many layers", ErrorCode::ConfigOutOfRange, "num_hidden_layers", 1001, {"1000"}),
      field("window of zero", ErrorCode::ConfigOutOfRange, "sliding_window", 0),
      field("negative epsilon", ErrorCode::ConfigOutOfRange, "rms_norm_eps", -1e-6),
      field("epsilon is a string", ErrorCode::ConfigWrongType, "rms_norm_eps", "1e-6"),
      field("negative softcap", ErrorCode::ConfigOutOfRange, "final_logit_softcapping", -30.0),
      field("intermediate_size too large", ErrorCode::ConfigOutOfRange, "intermediate_size", 1u << 30),
      field("too many experts", ErrorCode::ConfigOutOfRange, "num_experts", 5000, {}, Variant::Moe),
      field("more experts chosen than there are", ErrorCode::BadExperts, "top_k_experts", 6,
            {"at most num_experts", "5"}, Variant::Moe),
      field("no expert chosen", ErrorCode::ConfigOutOfRange, "top_k_experts", 0, {}, Variant::Moe),
      field("per-layer dimension too large", ErrorCode::ConfigOutOfRange, "hidden_size_per_layer_input", 5000),
      field("other activation", ErrorCode::UnsupportedValue, "hidden_activation", "relu",
            {"'relu'", "gelu_pytorch_tanh"}),
      field("attention bias", ErrorCode::UnsupportedValue, "attention_bias", true),
      field("attention in both directions", ErrorCode::UnsupportedValue, "use_bidirectional_attention", "all",
            {"embedding model"}),
      field("unknown bidirectional mode", ErrorCode::UnsupportedValue, "use_bidirectional_attention", "audio",
            {"'vision'"}),
      field("flag is a number", ErrorCode::ConfigWrongType, "enable_moe_block", 1, {"true or false"}),
  };
}

std::vector<MalformedCase> layerCases() {
  const json sliding = "sliding_attention", full = "full_attention";
  return {
      field("layer_types too short", ErrorCode::BadLayerTypes, "layer_types", {sliding, full},
            {"2 entries", "list of 4"}),
      field("layer_types is a string", ErrorCode::BadLayerTypes, "layer_types", "full_attention"),
      field("unknown layer type", ErrorCode::BadLayerTypes, "layer_types", {"linear_attention", full, sliding, full},
            {"layer_types[0]", "'linear_attention'"}),
      field("layer type is a number", ErrorCode::BadLayerTypes, "layer_types", {1, full, sliding, full}, {"is 1"}),
      field("every layer shares", ErrorCode::BadKvSharing, "num_kv_shared_layers", 4, {"at most 3"}),
      config("shared layer without a source", ErrorCode::BadKvSharing, {"layer 1", "full_attention"},
             [](TinyModel &model) { model.text()["num_kv_shared_layers"] = 3; }),
      field("odd head size", ErrorCode::BadHeads, "head_dim", 3, {"3 in layer 0", "even"}),
      field("heads not a multiple of K/V heads", ErrorCode::BadHeads, "num_attention_heads", 5, {"multiple of the 2"}),
      field("zero K/V heads", ErrorCode::ConfigOutOfRange, "num_key_value_heads", 0),
      field("rope type of another model", ErrorCode::UnsupportedRope, "rope_parameters/full_attention/rope_type",
            "yarn", {"'yarn'", "'proportional'"}),
      field("default rope with a factor", ErrorCode::UnsupportedRope, "rope_parameters/sliding_attention/factor", 8.0,
            {"'proportional'"}),
      field("partial factor above one", ErrorCode::ConfigOutOfRange,
            "rope_parameters/full_attention/partial_rotary_factor", 1.5),
      field("rope theta of zero", ErrorCode::ConfigOutOfRange, "rope_parameters/full_attention/rope_theta", 0),
      field("rope theta is a string", ErrorCode::ConfigWrongType, "rope_parameters/full_attention/rope_theta", "1e6"),
      field("rope_parameters is a list", ErrorCode::ConfigWrongType, "rope_parameters", json::array()),
      config("rope parameters of one kind missing", ErrorCode::ConfigMissingField, {"rope_parameters.full_attention"},
             [](TinyModel &model) { model.text()["rope_parameters"].erase("full_attention"); }),
      field("per_layer_config of a layer that does not exist", ErrorCode::BadPerLayerConfig, "per_layer_config",
            {{"4", json::object()}}, {"'4'", "0 to 3"}),
      field("per_layer_config key is no number", ErrorCode::BadPerLayerConfig, "per_layer_config",
            {{"x1", json::object()}}, {"'x1'"}),
      config(
          "per_layer_config names a layer twice", ErrorCode::BadPerLayerConfig, {"'1'", "second time"},
          [](TinyModel &model) { model.text()["per_layer_config"] = {{"01", json::object()}, {"1", json::object()}}; }),
      field("per_layer_config with an unknown field", ErrorCode::BadPerLayerConfig, "per_layer_config",
            {{"1", {{"width", 3}}}}, {"'width'"}),
      field("per_layer_config changes a shared layer", ErrorCode::BadKvSharing, "per_layer_config",
            {{"3", {{"head_dim", 4}}}}, {"layer 3", "2 x 6"}),
      field("per_layer_config value is a number", ErrorCode::ConfigWrongType, "per_layer_config", {{"1", 6}},
            {"per_layer_config.1"}),
  };
}

std::vector<MalformedCase> generationCases() {
  auto generation = [](const std::string &name, ErrorCode code, const std::string &key, const json &value) {
    return config(name, code, {key, "expected", "generation_config.json"},
                  [=](TinyModel &model) { (*model.generation)[key] = value; });
  };
  return {
      generation("end token outside the vocabulary", ErrorCode::BadTokenId, "eos_token_id", {1, 32}),
      generation("negative end token", ErrorCode::BadTokenId, "eos_token_id", -1),
      generation("end token is a string", ErrorCode::ConfigWrongType, "eos_token_id", "</s>"),
      generation("too many end tokens", ErrorCode::ConfigOutOfRange, "eos_token_id", std::vector<int>(17, 1)),
      generation("begin token outside the vocabulary", ErrorCode::BadTokenId, "bos_token_id", 99),
      generation("negative temperature", ErrorCode::ConfigOutOfRange, "temperature", -1.0),
      generation("top_p above one", ErrorCode::ConfigOutOfRange, "top_p", 1.5),
      generation("top_k is negative", ErrorCode::ConfigOutOfRange, "top_k", -1),
      generation("do_sample is a number", ErrorCode::ConfigWrongType, "do_sample", 1),
      generation("suppressed token outside the vocabulary", ErrorCode::BadTokenId, "suppress_tokens", {32}),
  };
}

} // namespace

std::vector<MalformedCase> configCases() {
  std::vector<MalformedCase> all;
  for (auto cases : {fileCases(), architectureCases(), sizeCases(), layerCases(), generationCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

} // namespace lapidary::test
