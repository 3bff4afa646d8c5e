//===- TinyCheckpoint.cpp - small valid checkpoints that tests then break -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Sizes differ from one another wherever two could be confused (hidden 8, heads 4, head sizes 2 and 6).
//===----------------------------------------------------------------------===//
#include "test/frontends/TinyCheckpoint.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace lapidary::test {

namespace {

constexpr uint64_t vocab = 32, heads = 4, layers = 4;
constexpr uint64_t experts = 5, expertWidth = 7;

/// Sizes of one variant. Those of Packed are multiples of a group.
struct Sizes {
  explicit Sizes(Variant variant) {
    if (variant == Variant::Packed) {
      hidden = 32, intermediate = 64, headDim = 8, globalHeadDim = 16, pleDim = 32;
    }
  }
  uint64_t hidden = 8, intermediate = 12, headDim = 2, globalHeadDim = 6, pleDim = 3;
};

bool hasPle(Variant variant) {
  return variant != Variant::Dense && variant != Variant::KeyIsValue && variant != Variant::Moe;
}

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

nlohmann::json textConfig(Variant variant) {
  auto [hidden, intermediate, headDim, globalHeadDim, pleDim] = Sizes(variant);
  bool edge = hasPle(variant);
  bool keyIsValue = variant == Variant::KeyIsValue || variant == Variant::Moe;
  nlohmann::json text = {
      {"model_type", "gemma4_text"},
      {"vocab_size", vocab},
      {"hidden_size", hidden},
      {"intermediate_size", intermediate},
      {"num_hidden_layers", layers},
      {"num_attention_heads", heads},
      {"num_key_value_heads", 2},
      {"head_dim", headDim},
      {"global_head_dim", globalHeadDim},
      {"sliding_window", 4},
      {"max_position_embeddings", 64},
      {"rms_norm_eps", 1e-6},
      {"hidden_activation", "gelu_pytorch_tanh"},
      {"attention_bias", false},
      {"final_logit_softcapping", 30.0},
      {"tie_word_embeddings", true},
      {"bos_token_id", 2},
      {"eos_token_id", 1},
      {"pad_token_id", 0},
      {"use_bidirectional_attention", nullptr},
      {"layer_types", {"sliding_attention", "full_attention", "sliding_attention", "full_attention"}},
      {"rope_parameters",
       {{"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 1e4}}},
        {"full_attention", {{"rope_type", "proportional"}, {"rope_theta", 1e6}, {"partial_rotary_factor", 0.5}}}}},
      {"hidden_size_per_layer_input", edge ? pleDim : 0},
      {"vocab_size_per_layer_input", 24},
      {"num_kv_shared_layers", edge ? 2 : 0},
      {"use_double_wide_mlp", edge},
      {"attention_k_eq_v", keyIsValue},
      {"num_global_key_value_heads", keyIsValue ? nlohmann::json(1) : nlohmann::json(nullptr)},
      {"enable_moe_block", variant == Variant::Moe}};
  if (variant == Variant::Moe) {
    text["num_experts"] = experts;
    text["top_k_experts"] = 2;
    text["moe_intermediate_size"] = expertWidth;
  }
  return text;
}

void addLayer(std::vector<TinyTensor> &out, const std::string &p, uint64_t i, Variant variant) {
  auto [hidden, intermediate, headDim, globalHeadDim, pleDim] = Sizes(variant);
  bool edge = hasPle(variant);
  bool full = i % 2 == 1, shared = edge && i >= 2;
  bool keyIsValue = full && (variant == Variant::KeyIsValue || variant == Variant::Moe);
  uint64_t d = full ? globalHeadDim : headDim, kv = keyIsValue ? 1 : 2,
           width = shared ? 2 * intermediate : intermediate;
  for (const char *norm :
       {"input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"}) {
    out.push_back({p + norm + ".weight", {hidden}});
  }
  out.push_back({p + "layer_scalar", {1}});
  out.push_back({p + "self_attn.q_proj.weight", {heads * d, hidden}});
  out.push_back({p + "self_attn.q_norm.weight", {d}});
  out.push_back({p + "self_attn.o_proj.weight", {hidden, heads * d}});
  out.push_back({p + "self_attn.k_proj.weight", {kv * d, hidden}}); // dead in shared layers, as in released files
  out.push_back({p + "self_attn.k_norm.weight", {d}});
  if (!keyIsValue) {
    out.push_back({p + "self_attn.v_proj.weight", {kv * d, hidden}});
  }
  out.push_back({p + "mlp.gate_proj.weight", {width, hidden}});
  out.push_back({p + "mlp.up_proj.weight", {width, hidden}});
  out.push_back({p + "mlp.down_proj.weight", {hidden, width}});
  if (edge) {
    out.push_back({p + "per_layer_input_gate.weight", {pleDim, hidden}});
    out.push_back({p + "per_layer_projection.weight", {hidden, pleDim}});
    out.push_back({p + "post_per_layer_input_norm.weight", {hidden}});
  }
  if (variant == Variant::Moe) {
    out.push_back({p + "router.proj.weight", {experts, hidden}});
    out.push_back({p + "router.scale", {hidden}});
    out.push_back({p + "router.per_expert_scale", {experts}});
    out.push_back({p + "experts.gate_up_proj", {experts, 2 * expertWidth, hidden}});
    out.push_back({p + "experts.down_proj", {experts, hidden, expertWidth}});
    for (const char *norm :
         {"post_feedforward_layernorm_1", "post_feedforward_layernorm_2", "pre_feedforward_layernorm_2"}) {
      out.push_back({p + norm + ".weight", {hidden}});
    }
  }
}

} // namespace

TempDirectory::TempDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "lapidary-test-XXXXXX").string();
  directory = ::mkdtemp(pattern.data()) ? pattern : "";
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
}

void TempDirectory::write(const std::string &name, const std::string &content) const {
  std::ofstream(file(name), std::ios::binary) << content;
}

nlohmann::json &TinyModel::text() { return config.contains("text_config") ? config["text_config"] : config; }

TinyTensor &TinyModel::tensor(const std::string &nameEnd) {
  return *std::find_if(tensors.begin(), tensors.end(),
                       [&](const TinyTensor &tensor) { return endsWith(tensor.name, nameEnd); });
}

void TinyModel::remove(const std::string &nameEnd) {
  tensors.erase(tensors.begin() + (&tensor(nameEnd) - &tensors[0]));
}

void TinyModel::writeConfig(const TempDirectory &directory) const {
  directory.write("config.json", config.dump(2));
  if (generation) {
    directory.write("generation_config.json", generation->dump(2));
  }
}

void TinyModel::write(const TempDirectory &directory) const {
  writeConfig(directory);
  directory.write("model.safetensors", fileBytes(tensors));
}

TinyModel tinyModel(Variant variant) {
  TinyModel model;
  bool textOnly = variant == Variant::TextOnly;
  std::string prefix = textOnly ? "model." : "model.language_model.";
  model.config = textOnly ? textConfig(variant) : nlohmann::json{{"model_type", "gemma4"}};
  model.config["architectures"] = {textOnly ? "Gemma4ForCausalLM" : "Gemma4ForConditionalGeneration"};
  model.config["dtype"] = "bfloat16";
  if (!textOnly) {
    model.config["text_config"] = textConfig(variant);
    model.config["vision_config"] = model.config["audio_config"] = nullptr;
  }
  model.generation = {{"eos_token_id", {1, 5}}, {"do_sample", true}, {"top_k", 64}, {"top_p", 0.95}};
  auto [hidden, intermediate, headDim, globalHeadDim, pleDim] = Sizes(variant);
  model.tensors.push_back({prefix + "embed_tokens.weight", {vocab, hidden}});
  model.tensors.push_back({prefix + "norm.weight", {hidden}});
  if (hasPle(variant)) {
    model.tensors.push_back({prefix + "embed_tokens_per_layer.weight", {24, layers * pleDim}});
    model.tensors.push_back({prefix + "per_layer_model_projection.weight", {layers * pleDim, hidden}});
    model.tensors.push_back({prefix + "per_layer_projection_norm.weight", {pleDim}});
  }
  for (uint64_t i = 0; i < layers; ++i) {
    addLayer(model.tensors, prefix + "layers." + std::to_string(i) + ".", i, variant);
  }
  if (variant == Variant::Mobile) {
    quantizeMobile(model);
  } else if (variant == Variant::Packed) {
    quantizePacked(model);
  }
  return model;
}

namespace {

uint64_t bytesOf(const std::string &dtype) {
  return dtype == "I64" ? 8 : dtype == "F32" || dtype == "I32" ? 4 : dtype == "I8" || dtype == "U8" ? 1 : 2;
}

} // namespace

nlohmann::json headerOf(const std::vector<TinyTensor> &tensors, uint64_t &dataBytes) {
  nlohmann::json header = nlohmann::json::object();
  uint64_t at = 0;
  for (const TinyTensor &tensor : tensors) {
    uint64_t size = bytesOf(tensor.dtype);
    for (uint64_t dimension : tensor.shape) {
      size *= dimension;
    }
    header[tensor.name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {at, at + size}}};
    at += size;
  }
  dataBytes = at;
  return header;
}

std::string fileBytes(const std::string &header, uint64_t dataBytes) {
  std::string bytes;
  for (unsigned i = 0; i < 8; ++i) {
    bytes += static_cast<char>(header.size() >> (8 * i) & 0xff);
  }
  return bytes + header + std::string(dataBytes, '\0');
}

std::string fileBytes(const std::vector<TinyTensor> &tensors) {
  uint64_t dataBytes = 0;
  nlohmann::json header = headerOf(tensors, dataBytes);
  std::string bytes = fileBytes(header.dump(), dataBytes);
  for (const TinyTensor &tensor : tensors) {
    uint64_t begin = header[tensor.name]["data_offsets"][0], end = header[tensor.name]["data_offsets"][1];
    std::string values = tensor.bytes.substr(0, end - begin); // a test that reshapes keeps the values there is room for
    bytes.replace(bytes.size() - dataBytes + begin, values.size(), values);
  }
  return bytes;
}

std::string readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

} // namespace lapidary::test
