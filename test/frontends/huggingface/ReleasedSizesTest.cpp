//===- ReleasedSizesTest.cpp - tensor lists of the four released models -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// test/data/tensor-lists/*.tsv hold names and shapes of the released sizes as transformers instantiates them (text
// part). The list computed from each size's configuration must be exactly that.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/RequiredTensors.h"
#include "support/Quote.h"
#include "test/frontends/TinyCheckpoint.h"

#include <gtest/gtest.h>
#include <map>
#include <sstream>

using namespace lapidary;
using namespace lapidary::test;

namespace {

struct Size {
  const char *name;
  uint32_t hidden, layers, period, heads, kvHeads, globalKvHeads, intermediate, shared, pleDim;
  bool keyIsValue, doubleWide, moe;
  uint64_t lastSlidingSource, lastFullSource;
};

const Size sizes[] = {
    {"E2B", 1536, 35, 5, 8, 1, 1, 6144, 20, 256, false, true, false, 13, 14},
    {"E4B", 2560, 42, 6, 8, 2, 2, 10240, 18, 256, false, false, false, 22, 23},
    {"26B-A4B", 2816, 30, 6, 16, 8, 2, 2112, 0, 0, true, false, true, 28, 29},
    {"31B", 5376, 60, 6, 32, 16, 4, 21504, 0, 0, true, false, false, 58, 59},
};

TinyModel modelOf(const Size &size) {
  TinyModel model = tinyModel(Variant::Dense);
  nlohmann::json &text = model.text();
  std::vector<std::string> types;
  for (uint32_t i = 0; i < size.layers; ++i) {
    types.push_back((i + 1) % size.period ? "sliding_attention" : "full_attention");
  }
  text.update({{"vocab_size", 262144},
               {"vocab_size_per_layer_input", 262144},
               {"hidden_size", size.hidden},
               {"num_hidden_layers", size.layers},
               {"layer_types", types},
               {"num_attention_heads", size.heads},
               {"num_key_value_heads", size.kvHeads},
               {"num_global_key_value_heads", size.globalKvHeads},
               {"head_dim", 256},
               {"global_head_dim", 512},
               {"intermediate_size", size.intermediate},
               {"num_kv_shared_layers", size.shared},
               {"hidden_size_per_layer_input", size.pleDim},
               {"attention_k_eq_v", size.keyIsValue},
               {"use_double_wide_mlp", size.doubleWide},
               {"enable_moe_block", size.moe},
               {"num_experts", 128},
               {"top_k_experts", 8},
               {"moe_intermediate_size", 704}});
  return model;
}

/// name -> shape text of a list, towers and the tied head left out.
std::map<std::string, std::string> listOf(const std::string &name) {
  std::istringstream lines(readFile(LAPIDARY_SOURCE_DIR "/test/data/tensor-lists/" + name + ".tsv"));
  std::map<std::string, std::string> tensors;
  for (std::string line; std::getline(lines, line);) {
    size_t tab = line.find('\t');
    if (line.find("language_model.") != std::string::npos) {
      tensors[line.substr(0, tab)] = line.substr(tab + 1);
    }
  }
  return tensors;
}

} // namespace

TEST(ReleasedSizes, NeedExactlyTheTensorsTheReferenceHas) {
  for (const Size &size : sizes) {
    SCOPED_TRACE(size.name);
    TempDirectory directory;
    modelOf(size).writeConfig(directory);
    Diagnostics diagnostics;
    std::optional<ModelConfig> config = readModelConfig(directory.path(), diagnostics);
    ASSERT_TRUE(config) << formatDiagnostic(diagnostics.all()[0], false);
    std::map<std::string, std::string> expected = listOf(size.name), found;
    ASSERT_GT(expected.size(), 300u);
    for (const TensorRole &role : requiredTextTensors(*config, false)) {
      found[role.name] = shapeText(role.shape);
    }
    EXPECT_EQ(found, expected);
  }
}

TEST(ReleasedSizes, ShareFromTheRightLayers) {
  for (const Size &size : sizes) {
    SCOPED_TRACE(size.name);
    TempDirectory directory;
    modelOf(size).writeConfig(directory);
    Diagnostics diagnostics;
    std::optional<ModelConfig> config = readModelConfig(directory.path(), diagnostics);
    ASSERT_TRUE(config);
    const std::vector<LayerConfig> &layers = config->layers;
    EXPECT_EQ(layers[size.layers - 2].kvSource, size.lastSlidingSource);
    EXPECT_EQ(layers[size.layers - 1].kvSource, size.lastFullSource);
    EXPECT_EQ(layers.back().ownsKv, size.shared == 0);
    EXPECT_EQ(layers.back().intermediate, size.intermediate * (size.doubleWide ? 2 : 1));
    EXPECT_EQ(layers.back().rotary.rotatedPairs, 128u) << "half of 256 pairs: the tiny model's factor is 0.5";
    EXPECT_EQ(layers.front().rotary.rotatedPairs, 128u) << "every pair of a sliding head";
  }
}
