//===- ModelConfigTest.cpp - what a valid config.json means -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Both architectures, both forms of per-layer head sizes, defaults, and fallbacks. Refusals are in ConfigCases.cpp.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/ModelConfig.h"
#include "test/frontends/TinyCheckpoint.h"

#include <gtest/gtest.h>

using namespace lapidary;
using namespace lapidary::test;

namespace {

std::optional<ModelConfig> read(const TinyModel &model, Diagnostics &diagnostics) {
  TempDirectory directory;
  model.writeConfig(directory);
  std::optional<ModelConfig> config = readModelConfig(directory.path(), diagnostics);
  EXPECT_TRUE(config) << (diagnostics.all().empty() ? "" : formatDiagnostic(diagnostics.all()[0], false));
  return config;
}

ModelConfig readGood(const TinyModel &model) {
  Diagnostics diagnostics;
  std::optional<ModelConfig> config = read(model, diagnostics);
  EXPECT_TRUE(diagnostics.all().empty());
  return config.value_or(ModelConfig());
}

} // namespace

TEST(ModelConfig, ResolvesEveryLayer) {
  ModelConfig config = readGood(tinyModel(Variant::Edge));
  EXPECT_EQ(config.architecture, "Gemma4ForConditionalGeneration");
  EXPECT_EQ(config.tensorPrefix, "model.language_model.");
  EXPECT_EQ(config.dtype, "bfloat16");
  EXPECT_EQ(config.pleDim, 3u);
  EXPECT_EQ(config.pleVocab, 24u);
  EXPECT_EQ(config.finalSoftcap, 30.0);
  ASSERT_EQ(config.layers.size(), 4u);
  const LayerConfig &sliding = config.layers[2], &full = config.layers[3];
  EXPECT_FALSE(sliding.global);
  EXPECT_EQ(sliding.headDim, 2u);
  EXPECT_EQ(sliding.kvSource, 0u);
  EXPECT_FALSE(sliding.ownsKv);
  EXPECT_EQ(sliding.intermediate, 24u) << "double width where K/V are shared";
  EXPECT_EQ(config.layers[0].intermediate, 12u);
  EXPECT_TRUE(full.global);
  EXPECT_EQ(full.headDim, 6u);
  EXPECT_EQ(full.kvSource, 1u);
  EXPECT_EQ(sliding.rotary.theta, 1e4);
  EXPECT_EQ(sliding.rotary.rotatedPairs, 1u);
  EXPECT_EQ(full.rotary.theta, 1e6);
  EXPECT_EQ(full.rotary.rotatedPairs, 1u) << "floor(0.5 * 6 / 2)";
}

TEST(ModelConfig, ReadsTheTextOnlyArchitecture) {
  ModelConfig config = readGood(tinyModel(Variant::TextOnly));
  EXPECT_EQ(config.architecture, "Gemma4ForCausalLM");
  EXPECT_EQ(config.tensorPrefix, "model.");
  EXPECT_FALSE(config.hasVision);
}

TEST(ModelConfig, UsesGlobalKvHeadsOnlyWhenKeyIsValue) {
  ModelConfig config = readGood(tinyModel(Variant::KeyIsValue));
  EXPECT_EQ(config.layers[1].kvHeads, 1u);
  EXPECT_TRUE(config.layers[1].keyIsValue);
  EXPECT_FALSE(config.layers[0].keyIsValue);
  TinyModel plain = tinyModel(Variant::Dense);
  plain.text()["num_global_key_value_heads"] = 1;
  EXPECT_EQ(readGood(plain).layers[1].kvHeads, 2u);
}

TEST(ModelConfig, ReadsPerLayerConfigInBothKeyForms) {
  TinyModel old = tinyModel(Variant::KeyIsValue), newer = old;
  nlohmann::json &text = newer.text();
  text.erase("global_head_dim");
  text.erase("num_global_key_value_heads");
  text["per_layer_config"] = {{"01", {{"head_dim", 6}, {"num_key_value_heads", 1}}},
                              {"3", {{"head_dim", 6}, {"num_key_value_heads", 1}}}};
  ModelConfig a = readGood(old), b = readGood(newer);
  ASSERT_EQ(a.layers.size(), b.layers.size());
  for (size_t i = 0; i < a.layers.size(); ++i) {
    EXPECT_EQ(a.layers[i].headDim, b.layers[i].headDim) << i;
    EXPECT_EQ(a.layers[i].kvHeads, b.layers[i].kvHeads) << i;
    EXPECT_EQ(a.layers[i].rotary.rotatedPairs, b.layers[i].rotary.rotatedPairs) << i;
  }
}

TEST(ModelConfig, PerLayerConfigWinsOverTheOldFields) {
  TinyModel model = tinyModel(Variant::Dense);
  model.text()["per_layer_config"] = {{"1", {{"head_dim", 10}}}};
  ModelConfig config = readGood(model);
  EXPECT_EQ(config.layers[1].headDim, 10u);
  EXPECT_EQ(config.layers[3].headDim, 6u);
}

TEST(ModelConfig, HasTheDefaultsOfTheArchitecture) {
  TinyModel model = tinyModel(Variant::Dense);
  nlohmann::json &text = model.text();
  text["num_hidden_layers"] = 12;
  for (const char *name : {"layer_types", "rope_parameters", "head_dim", "global_head_dim", "rms_norm_eps",
                           "max_position_embeddings", "final_logit_softcapping", "hidden_size_per_layer_input"}) {
    text.erase(name);
  }
  model.config.erase("architectures");
  ModelConfig config = readGood(model);
  for (size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(config.layers[i].global, i % 6 == 5) << i;
    EXPECT_EQ(config.layers[i].headDim, i % 6 == 5 ? 512u : 256u) << i;
  }
  EXPECT_EQ(config.layers[5].rotary.theta, 1e6);
  EXPECT_EQ(config.layers[5].rotary.rotatedPairs, 64u);
  EXPECT_EQ(config.layers[0].rotary.rotatedPairs, 128u);
  EXPECT_EQ(config.rmsEps, 1e-6);
  EXPECT_EQ(config.maxPositions, 131072u);
  EXPECT_EQ(config.finalSoftcap, 0.0);
  EXPECT_EQ(config.pleDim, 256u);
  text["hidden_size_per_layer_input"] = nullptr;
  EXPECT_EQ(readGood(model).pleDim, 0u) << "null switches it off";
}

TEST(ModelConfig, ForcesTheLastLayerToFullAttention) {
  TinyModel model = tinyModel(Variant::Dense);
  model.text()["layer_types"][3] = "sliding_attention";
  Diagnostics diagnostics;
  std::optional<ModelConfig> config = read(model, diagnostics);
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->layers[3].global);
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].code, ErrorCode::LastLayerForcedFull);
}

TEST(ModelConfig, ReadsGenerationDefaults) {
  TinyModel model = tinyModel(Variant::Edge);
  (*model.generation)["suppress_tokens"] = {7, 8};
  (*model.generation)["temperature"] = 0.5;
  GenerationConfig generation = readGood(model).generation;
  EXPECT_TRUE(generation.doSample);
  EXPECT_EQ(generation.topK, 64u);
  EXPECT_EQ(generation.topP, 0.95);
  EXPECT_EQ(generation.temperature, 0.5);
  EXPECT_EQ(generation.eos, (std::vector<int32_t>{1, 5}));
  EXPECT_EQ(generation.suppress, (std::vector<int32_t>{7, 8}));
}

TEST(ModelConfig, FindsTheEndTokensWithoutAGenerationConfig) {
  TinyModel model = tinyModel(Variant::Edge);
  model.generation.reset();
  model.text()["eos_token_id"] = 9;
  EXPECT_EQ(readGood(model).generation.eos, std::vector<int32_t>{9});
  model.config["eos_token_id"] = {1, 6, 6};
  EXPECT_EQ(readGood(model).generation.eos, (std::vector<int32_t>{1, 6}));
  model.config.erase("eos_token_id");
  model.text().erase("eos_token_id");
  EXPECT_EQ(readGood(model).generation.eos, std::vector<int32_t>{1});
}

TEST(ModelConfig, ReportsEveryProblemAtOnce) {
  TinyModel model = tinyModel(Variant::Edge);
  model.text()["hidden_size"] = "x";
  model.text()["hidden_activation"] = "relu";
  model.text()["num_kv_shared_layers"] = 99;
  TempDirectory directory;
  model.writeConfig(directory);
  Diagnostics diagnostics;
  EXPECT_FALSE(readModelConfig(directory.path(), diagnostics));
  EXPECT_EQ(diagnostics.errorCount(), 3u);
}
