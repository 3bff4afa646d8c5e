//===- FixturesTest.cpp - the reference checkpoints are accepted -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every checkpoint of test/data/fixtures was written by transformers: it must pass, without warnings except for the
// parts that are not compiled, and with every tensor accounted for.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/RequiredTensors.h"

#include "support/FileIO.h"
#include "support/Json.h"

#include <gtest/gtest.h>

using namespace lapidary;

namespace {

const std::string root = LAPIDARY_SOURCE_DIR "/test/data/fixtures/";

class Fixture : public testing::TestWithParam<const char *> {};

/// Number of dead K/V tensors, from the program that wrote the fixture.
uint64_t deadTensorsOf(const std::string &directory) {
  Diagnostics diagnostics;
  JsonError error;
  auto manifest = parseJson(readWholeFile(directory + "/manifest.json", 1 << 20, diagnostics).value_or(""), 16, error);
  const JsonValue *count = manifest ? manifest->find("ignored_legacy_tensors") : nullptr;
  EXPECT_TRUE(manifest) << directory;
  return count ? count->whole : 0;
}

uint64_t accounted(const ImportReport &report) {
  return report.used.tensors + report.dead.tensors + report.vision.tensors + report.audio.tensors;
}

} // namespace

TEST_P(Fixture, IsAcceptedAndFullyAccountedFor) {
  std::string name = GetParam();
  Diagnostics diagnostics([](const Diagnostic &d) { std::fputs(formatDiagnostic(d, false).c_str(), stderr); });
  std::optional<ModelConfig> config = readModelConfig(root + name, diagnostics);
  std::unique_ptr<Checkpoint> checkpoint = Checkpoint::open(root + name, diagnostics);
  ASSERT_TRUE(config);
  ASSERT_TRUE(checkpoint);
  ImportReport report;
  EXPECT_TRUE(checkTextTensors(*config, *checkpoint, diagnostics, report));
  bool edge = name.find("edge") == 0 || name.find("text_only") == 0, multimodal = name.find("_mm") != std::string::npos;
  EXPECT_EQ(accounted(report), checkpoint->tensors().size());
  EXPECT_EQ(report.unknown.tensors, 0u);
  EXPECT_EQ(report.dead.tensors, deadTensorsOf(root + name));
  EXPECT_EQ(report.vision.tensors != 0, multimodal);
  EXPECT_EQ(config->hasVision, multimodal);
  EXPECT_EQ(report.audio.tensors != 0, multimodal && edge);
  EXPECT_EQ(config->hasAudio, multimodal && edge);
  EXPECT_EQ(diagnostics.all().size(), multimodal ? (edge ? 2u : 1u) : 0u);
  EXPECT_EQ(config->tensorPrefix, name.find("text_only") == 0 ? "model." : "model.language_model.");
  EXPECT_EQ(config->experts, name.find("moe") == 0 || name.find("large_mm") == 0 ? 8u : 0u);
  EXPECT_FALSE(report.untiedHead);
  EXPECT_EQ(config->generation.eos, std::vector<int32_t>{1});
}

INSTANTIATE_TEST_SUITE_P(All, Fixture,
                         testing::Values("edge_dense_f32", "edge_dense_bf16", "edge_dense_bf16_sharded",
                                         "edge_dense_gqa_f32", "edge_dense_gqa_bf16", "large_dense_f32",
                                         "large_dense_bf16", "moe_f32", "moe_bf16", "text_only_f32", "text_only_bf16",
                                         "edge_mm_f32", "edge_mm_bf16", "large_mm_f32", "large_mm_bf16"),
                         [](const testing::TestParamInfo<const char *> &info) { return std::string(info.param); });
