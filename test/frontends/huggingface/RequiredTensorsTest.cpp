//===- RequiredTensorsTest.cpp - what is used, dead, and left out ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The counts of ImportReport and the warnings. Errors are in TensorCases.cpp.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/RequiredTensors.h"
#include "test/frontends/TinyCheckpoint.h"

#include <gtest/gtest.h>

using namespace lapidary;
using namespace lapidary::test;

namespace {

ImportReport check(const TinyModel &model, Diagnostics &diagnostics, bool expected = true) {
  TempDirectory directory;
  model.write(directory);
  ImportReport report;
  std::optional<ModelConfig> config = readModelConfig(directory.path(), diagnostics);
  std::unique_ptr<Checkpoint> checkpoint = Checkpoint::open(directory.path(), diagnostics);
  EXPECT_TRUE(config && checkpoint);
  EXPECT_EQ(checkTextTensors(*config, *checkpoint, diagnostics, report), expected);
  return report;
}

} // namespace

TEST(RequiredTensors, CountsDeadTensorsOfSharingLayers) {
  TinyModel model = tinyModel(Variant::Edge);
  Diagnostics diagnostics;
  ImportReport report = check(model, diagnostics);
  EXPECT_EQ(report.dead.tensors, 6u) << "k_proj, k_norm, v_proj of two layers";
  EXPECT_EQ(report.dead.bytes, 2u * (2 * (4 * 8) + 2 + 2 * (12 * 8) + 6));
  EXPECT_EQ(report.used.tensors + 6, model.tensors.size());
  EXPECT_TRUE(diagnostics.all().empty());
}

TEST(RequiredTensors, AcceptsAMixOfFloatTypes) {
  TinyModel model = tinyModel(Variant::Moe);
  model.tensor("router.scale").dtype = "F32";
  Diagnostics diagnostics;
  check(model, diagnostics);
  EXPECT_TRUE(diagnostics.all().empty());
}

TEST(RequiredTensors, UsesAnUntiedHeadWhenThereIsOne) {
  TinyModel model = tinyModel(Variant::Dense);
  Diagnostics diagnostics;
  EXPECT_FALSE(check(model, diagnostics).untiedHead);
  model.tensors.push_back({"lm_head.weight", {32, 8}});
  EXPECT_TRUE(check(model, diagnostics).untiedHead);
  EXPECT_TRUE(diagnostics.all().empty());
}

TEST(RequiredTensors, WarnsAboutTowersWithCountsAndBytes) {
  TinyModel model = tinyModel(Variant::Dense);
  model.tensors.push_back({"model.vision_tower.std_bias", {10}});
  model.tensors.push_back({"model.embed_vision.embedding_projection.weight", {8, 10}});
  model.tensors.push_back({"model.audio_tower.output_proj.bias", {3}});
  Diagnostics diagnostics;
  ImportReport report = check(model, diagnostics);
  EXPECT_EQ(report.vision.tensors, 2u);
  EXPECT_EQ(report.vision.bytes, 180u);
  EXPECT_EQ(report.audio.tensors, 1u);
  ASSERT_EQ(diagnostics.all().size(), 2u);
  EXPECT_EQ(diagnostics.all()[0].code, ErrorCode::TowersNotCompiled);
  EXPECT_NE(diagnostics.all()[0].message.find("2 tensors, 180 bytes"), std::string::npos);
}

TEST(RequiredTensors, WarnsAboutUnknownTensorsAndSuggests) {
  TinyModel model = tinyModel(Variant::Dense);
  model.tensors.push_back({"model.language_model.norm.weights", {8}});
  for (int i = 0; i < 9; ++i) {
    model.tensors.push_back({"zz" + std::to_string(i), {1}});
  }
  Diagnostics diagnostics;
  ImportReport report = check(model, diagnostics);
  EXPECT_EQ(report.unknown.tensors, 10u);
  ASSERT_EQ(diagnostics.all().size(), 1u);
  const Diagnostic &warning = diagnostics.all()[0];
  EXPECT_EQ(warning.code, ErrorCode::UnknownTensors);
  EXPECT_NE(warning.message.find("did you mean 'model.language_model.norm.weight'?"), std::string::npos);
  EXPECT_NE(warning.message.find("..."), std::string::npos);
  EXPECT_EQ(warning.message.find("zz8"), std::string::npos) << "only the first few are named";
}

TEST(RequiredTensors, NamesLayerTensors) {
  ModelConfig config;
  config.tensorPrefix = "model.";
  EXPECT_EQ(layerTensor(config, 12, "layer_scalar"), "model.layers.12.layer_scalar");
  EXPECT_EQ(modelTensor(config, "norm.weight"), "model.norm.weight");
}

TEST(RequiredTensors, ShowsTwentyMissingTensors) {
  TinyModel model = tinyModel(Variant::Dense);
  model.tensors.resize(2);
  Diagnostics diagnostics;
  check(model, diagnostics, false);
  EXPECT_EQ(diagnostics.all().size(), 21u);
  EXPECT_EQ(diagnostics.all().back().code, ErrorCode::MoreProblems);
}
