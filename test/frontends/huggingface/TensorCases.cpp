//===- TensorCases.cpp - weights that do not fit config.json ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each case renames, removes or reshapes one tensor of a valid model.
//===----------------------------------------------------------------------===//
#include "test/frontends/huggingface/MalformedCases.h"

namespace lapidary::test {

namespace {

MalformedCase weights(const std::string &name, ErrorCode code, std::vector<std::string> words,
                      const std::function<void(TinyModel &)> &change, Variant variant = Variant::Edge) {
  words.push_back("model.safetensors");
  words.push_back("expected");
  return {name, code, std::move(words),
          [change](TinyModel &model, const TempDirectory &directory) {
            change(model);
            model.write(directory);
          },
          variant};
}

MalformedCase missing(const std::string &tensor, Variant variant = Variant::Edge) {
  return weights(
      "missing " + tensor, ErrorCode::TensorMissing, {tensor + "' is missing", "found none"},
      [=](TinyModel &model) { model.remove(tensor); }, variant);
}

MalformedCase reshaped(const std::string &tensor, std::vector<uint64_t> shape, const std::string &found,
                       const std::string &expected, Variant variant = Variant::Edge) {
  return weights(
      "reshaped " + tensor, ErrorCode::TensorShape, {tensor + "' has shape " + found, "expected " + expected},
      [=](TinyModel &model) { model.tensor(tensor).shape = shape; }, variant);
}

MalformedCase typed(const std::string &tensor, const std::string &dtype) {
  return weights(tensor + " as " + dtype, ErrorCode::TensorDType, {tensor + "' has dtype " + dtype, "BF16 or F32"},
                 [=](TinyModel &model) { model.tensor(tensor).dtype = dtype; });
}

} // namespace

std::vector<MalformedCase> tensorCases() {
  return {
      missing("language_model.embed_tokens.weight"),
      missing("language_model.norm.weight"),
      missing("embed_tokens_per_layer.weight"),
      missing("per_layer_projection_norm.weight"),
      missing("layers.0.self_attn.q_proj.weight"),
      missing("layers.1.self_attn.k_norm.weight"),
      missing("layers.0.self_attn.v_proj.weight"),
      missing("layers.3.layer_scalar"),
      missing("layers.2.per_layer_input_gate.weight"),
      missing("layers.1.router.scale", Variant::Moe),
      missing("layers.1.experts.gate_up_proj", Variant::Moe),
      weights(
          "missing v_proj in a sliding layer of a key-is-value model", ErrorCode::TensorMissing,
          {"layers.2.self_attn.v_proj.weight"},
          [](TinyModel &model) { model.remove("layers.2.self_attn.v_proj.weight"); }, Variant::KeyIsValue),
      weights("misspelled tensor", ErrorCode::TensorMissing,
              {"'model.language_model.norm.weight'", "did you mean 'model.language_model.norn.weight'?"},
              [](TinyModel &model) {
                model.tensor("language_model.norm.weight").name = "model.language_model.norn.weight";
              }),
      weights("untied head missing", ErrorCode::TensorMissing, {"'lm_head.weight'", "[32, 8]"},
              [](TinyModel &model) { model.config["tie_word_embeddings"] = false; }),
      weights("untied head misshapen", ErrorCode::TensorShape, {"'lm_head.weight'", "[32, 9]", "[32, 8]"},
              [](TinyModel &model) { model.tensors.push_back({"lm_head.weight", {32, 9}}); }),
      reshaped("layers.1.self_attn.q_proj.weight", {8, 8}, "[8, 8]", "[24, 8]"),
      reshaped("layers.0.self_attn.k_proj.weight", {8, 4}, "[8, 4]", "[4, 8]"),
      reshaped("layers.2.mlp.up_proj.weight", {12, 8}, "[12, 8]", "[24, 8]"),
      reshaped("layers.0.layer_scalar", {}, "[]", "[1]"),
      reshaped("layers.0.input_layernorm.weight", {8, 1}, "[8, 1]", "[8]"),
      reshaped("language_model.embed_tokens.weight", {33, 8}, "[33, 8]", "[32, 8]"),
      reshaped("layers.1.self_attn.k_proj.weight", {12, 8}, "[12, 8]", "[6, 8]", Variant::KeyIsValue),
      reshaped("layers.3.experts.gate_up_proj", {5, 8, 14}, "[5, 8, 14]", "[5, 14, 8]", Variant::Moe),
      typed("layers.0.mlp.up_proj.weight", "F16"),
      typed("layers.0.self_attn.q_norm.weight", "I8"),
      weights("weights of the other architecture", ErrorCode::WrongTensorPrefix,
              {"'model.embed_tokens.weight' found", "'model.language_model.embed_tokens.weight'"},
              [](TinyModel &model) { model.tensors = tinyModel(Variant::TextOnly).tensors; }),
      weights(
          "multimodal weights with a text-only config", ErrorCode::WrongTensorPrefix, {"Gemma4ForCausalLM"},
          [](TinyModel &model) { model.tensors = tinyModel(Variant::Edge).tensors; }, Variant::TextOnly),
  };
}

} // namespace lapidary::test
