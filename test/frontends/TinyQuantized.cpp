//===- TinyQuantized.cpp - small checkpoints in the released quantized formats ------===//
// SPDX-License-Identifier: Apache-2.0
//
// Both formats from the plain Edge model, with the widths of the released E2B: 2-bit MLPs above the first layers, 8-bit
// per-layer matrices, PLE scales per layer's block, dead K/V that is quantized too, a rule with look-ahead for a tower.
//===----------------------------------------------------------------------===//
#include "test/frontends/TinyCheckpoint.h"

#include <cstring>

namespace lapidary::test {

namespace {

const std::string weightEnd = ".weight";

bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

/// Matrices and tables; norms and scalars have one dimension.
bool isMatrix(const TinyTensor &tensor) { return tensor.shape.size() == 2; }

std::string moduleOf(const TinyTensor &tensor) { return tensor.name.substr(0, tensor.name.size() - weightEnd.size()); }

uint64_t mobileBits(const std::string &module) {
  if (has(module, "per_layer_input_gate") || has(module, "per_layer_projection")) {
    return 8;
  }
  bool low =
      module == "lm_head" || has(module, "embed_tokens") || has(module, "layers.2.mlp") || has(module, "layers.3.mlp");
  return low && !has(module, "embed_tokens_per_layer") ? 2 : 4;
}

void addMobile(const TinyTensor &plain, std::vector<TinyTensor> &out) {
  std::string module = moduleOf(plain);
  uint64_t bits = mobileBits(module), rows = plain.shape[0], rowBytes = (plain.shape[1] * bits + 7) / 8;
  std::string dtype = bits == 8 ? "I8" : "U8";
  if (has(module, "embed_tokens")) {
    uint64_t blocks = 1;
    out.push_back({module + ".embedding_quantized", {rows, rowBytes}, dtype});
    out.push_back({module + ".embedding_scale", {rows, blocks}, "F32", f32Bytes(0.25f, rows * blocks)});
    return;
  }
  out.push_back({plain.name, {rows, rowBytes}, dtype});
  out.push_back({module + ".weight_scale", {rows, 1}, "F32", f32Bytes(0.125f, rows)});
  out.push_back({module + ".input_activation_scale", {}, "F32", f32Bytes(0.5f)});
  // o_proj is not calibrated on its output.
  out.push_back({module + ".output_activation_scale", {}, "F32", f32Bytes(has(module, "o_proj") ? 0.0f : 0.75f)});
}

void addPacked(const TinyTensor &plain, std::vector<TinyTensor> &out) {
  std::string module = moduleOf(plain);
  uint64_t rows = plain.shape[0], columns = plain.shape[1];
  bool wide = has(module, "per_layer"); // 8 bits, a scale per row
  uint64_t groups = wide ? 1 : columns / 32;
  std::string shape(16, '\0');
  std::memcpy(shape.data(), plain.shape.data(), shape.size());
  out.push_back({module + ".weight_packed", {rows, columns * (wide ? 8 : 4) / 32}, "I32"});
  out.push_back({module + ".weight_scale", {rows, groups}, "BF16", bf16Bytes(0.125f, rows * groups)});
  out.push_back({module + ".weight_shape", {2}, "I64", shape});
}

nlohmann::json packedGroup(std::vector<std::string> targets, nlohmann::json weights) {
  weights["type"] = "int";
  weights["symmetric"] = true;
  weights["dynamic"] = false;
  weights["actorder"] = nullptr;
  weights["observer"] = "minmax";
  return {{"targets", targets}, {"weights", weights}, {"input_activations", nullptr}, {"output_activations", nullptr}};
}

} // namespace

std::string f32Bytes(float value, uint64_t count) {
  std::string one(sizeof value, '\0'), all;
  std::memcpy(one.data(), &value, sizeof value);
  for (uint64_t i = 0; i < count; ++i) {
    all += one;
  }
  return all;
}

std::string bf16Bytes(float value, uint64_t count) {
  std::string whole = f32Bytes(value), all;
  for (uint64_t i = 0; i < count; ++i) {
    all += whole.substr(2); // the upper half, little-endian
  }
  return all;
}

void quantizeMobile(TinyModel &model) {
  model.config["tie_word_embeddings"] = model.text()["tie_word_embeddings"] = false;
  std::vector<TinyTensor> plain = model.tensors;
  plain.push_back({"lm_head.weight", model.tensor("embed_tokens.weight").shape});
  model.tensors.clear();
  for (const TinyTensor &tensor : plain) {
    if (isMatrix(tensor) && !has(tensor.name, "per_layer_model_projection")) {
      addMobile(tensor, model.tensors);
    } else {
      model.tensors.push_back(tensor);
    }
  }
  std::string prefix = has(plain[0].name, "language_model") ? "model.language_model." : "model.";
  for (int i = 0; i < 4; ++i) { // also in layers 2 and 3, which share
    for (const char *side : {"k", "v"}) {
      model.tensors.push_back(
          {prefix + "layers." + std::to_string(i) + ".self_attn." + side + "_cache_scale", {}, "F32", f32Bytes(0.5f)});
    }
  }
  // As text: the order of the rules decides, and nlohmann sorts keys. These rules do not depend on it.
  model.config["quantization_config"] = nlohmann::json::parse(R"({
    "quant_method": "gemma", "num_bits": 4, "quantize_embeddings": true,
    "modules_to_not_convert": ["model.audio_tower.output_proj", "relative_k_proj", "per_layer_model_projection"],
    "module_quant_configs": {
      "^lm_head$": {"num_bits": 2},
      "embed_tokens$": {"num_bits": 2},
      "embed_tokens_per_layer$": {"num_bits": 4},
      "layers\\.[01]\\.mlp\\.": {"num_bits": 4},
      "layers\\.[23]\\.mlp\\.": {"num_bits": 2},
      "layers\\.\\d+\\.per_layer_input_gate$": {"num_bits": 8},
      "layers\\.\\d+\\.per_layer_projection$": {"num_bits": 8},
      "self_attn\\.": {"num_bits": 4}}})");
}

void quantizePacked(TinyModel &model) {
  std::vector<TinyTensor> plain = model.tensors;
  model.tensors.clear();
  for (const TinyTensor &tensor : plain) {
    if (isMatrix(tensor) && !has(tensor.name, "embed_tokens")) {
      addPacked(tensor, model.tensors);
    } else {
      model.tensors.push_back(tensor);
    }
  }
  model.config["quantization_config"] = {
      {"quant_method", "compressed-tensors"},
      {"format", "pack-quantized"},
      {"quantization_status", "compressed"},
      {"kv_cache_scheme", nullptr},
      {"sparsity_config", nlohmann::json::object()},
      {"transform_config", nlohmann::json::object()},
      {"ignore", {"lm_head", "re:.*embed_tokens.*"}},
      {"config_groups",
       {{"group_0", packedGroup({"Linear"}, {{"num_bits", 4}, {"strategy", "group"}, {"group_size", 32}})},
        {"group_1",
         packedGroup({"re:.*per_layer.*"}, {{"num_bits", 8}, {"strategy", "channel"}, {"group_size", nullptr}})}}}};
}

} // namespace lapidary::test
