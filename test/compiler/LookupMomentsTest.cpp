//===- LookupMomentsTest.cpp - moments for both uses of a token table ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Which products read the stream, in modules as the importer writes them; and sums over weights with known values.
//===----------------------------------------------------------------------===//
#include "compiler/LookupMoments.h"

#include "compiler/Inputs.h"
#include "frontends/huggingface/import/ImportGemma.h"
#include "test/frontends/TinyCheckpoint.h"

#include <cstring>
#include <gtest/gtest.h>
#include <limits>

using namespace lapidary;
using lapidary::test::TempDirectory;
using lapidary::test::Variant;

namespace {

/// What `find` finds in the module of a tiny checkpoint.
template <typename Found> Found findIn(Variant variant, Found (*find)(mlir::ModuleOp)) {
  TempDirectory directory;
  test::tinyModel(variant).write(directory);
  Diagnostics diagnostics;
  std::optional<Inputs> inputs = readInputs(directory.path(), diagnostics);
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  if (inputs) {
    module = importGemma(context, inputs->config, *inputs->checkpoint, inputs->tensors, diagnostics);
  }
  EXPECT_TRUE(module);
  return module ? find(*module) : Found();
}

TokenStream streamOf(Variant variant) { return findIn(variant, findTokenStream); }

/// "norm: weight, weight (branches)", without what all names begin with.
std::string text(const StreamReading &reading) {
  auto end = [](const std::string &name) {
    const std::string prefix = "model.language_model.";
    return name.compare(0, prefix.size(), prefix) == 0 ? name.substr(prefix.size()) : name;
  };
  std::string result = end(reading.norm) + ":";
  for (const std::string &weight : reading.weights) {
    result += " " + end(weight);
  }
  return result + " (" + std::to_string(reading.branches) + ")";
}

TEST(TokenStream, MixtureOfExperts) {
  TokenStream stream = streamOf(Variant::Moe);
  EXPECT_EQ(stream.table, "model.language_model.embed_tokens.weight");
  ASSERT_EQ(stream.readings.size(), 16u); // four a layer; the head is not listed
  EXPECT_EQ(text(stream.readings[0]), "layers.0.input_layernorm.weight: layers.0.self_attn.q_proj.weight "
                                      "layers.0.self_attn.k_proj.weight layers.0.self_attn.v_proj.weight (0)");
  EXPECT_EQ(text(stream.readings[1]), "layers.0.pre_feedforward_layernorm.weight: layers.0.mlp.gate_proj.weight "
                                      "layers.0.mlp.up_proj.weight (1)");
  EXPECT_EQ(text(stream.readings[2]), "layers.0.router.scale: layers.0.router.proj.weight (1)");
  EXPECT_EQ(text(stream.readings[3]), "layers.0.pre_feedforward_layernorm_2.weight: layers.0.experts.gate_up_proj (1)");
  EXPECT_EQ(text(stream.readings[4]), "layers.1.input_layernorm.weight: layers.1.self_attn.q_proj.weight "
                                      "layers.1.self_attn.k_proj.weight (2)");
}

TEST(TokenStream, PerLayerInputsReadItWithoutANorm) {
  TokenStream stream = streamOf(Variant::Edge);
  ASSERT_EQ(stream.readings.size(), 13u); // the model projection and three a layer
  EXPECT_EQ(text(stream.readings[0]), ": per_layer_model_projection.weight (0)");
  EXPECT_EQ(text(stream.readings[3]), ": layers.0.per_layer_input_gate.weight (2)");
  EXPECT_EQ(text(stream.readings[4]), "layers.1.input_layernorm.weight: layers.1.self_attn.q_proj.weight "
                                      "layers.1.self_attn.k_proj.weight layers.1.self_attn.v_proj.weight (3)");
}

TEST(TokenStream, IntegersOfTheCheckpointAreNotListed) {
  for (const StreamReading &reading : streamOf(Variant::Mobile).readings) {
    for (const std::string &weight : reading.weights) {
      EXPECT_EQ(weight.find("_proj.weight"), std::string::npos) << weight;
    }
  }
}

TEST(PerLayerTable, EverySliceHasItsProduct) {
  PerLayerTable table = findIn(Variant::Edge, findPerLayerTable);
  EXPECT_EQ(table.table, "model.language_model.embed_tokens_per_layer.weight");
  ASSERT_EQ(table.readings.size(), 4u);
  for (uint64_t layer = 0; layer < 4; ++layer) {
    EXPECT_EQ(table.readings[layer].weight,
              "model.language_model.layers." + std::to_string(layer) + ".per_layer_projection.weight");
    EXPECT_EQ(table.readings[layer].firstColumn, 3 * layer);
  }
}

TEST(PerLayerTable, ModelsWithoutOneHaveNone) {
  PerLayerTable table = findIn(Variant::Moe, findPerLayerTable);
  EXPECT_EQ(table.table, "");
  EXPECT_TRUE(table.readings.empty());
}

constexpr uint64_t columns = 4, padded = 32;

std::string floatBytes(const std::vector<float> &values) {
  return std::string(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float));
}

std::unique_ptr<Checkpoint> openFile(const TempDirectory &directory, const std::vector<test::TinyTensor> &tensors,
                                     const std::string &data) {
  uint64_t dataBytes = 0;
  std::string header = test::headerOf(tensors, dataBytes).dump();
  std::string file = test::fileBytes(header, dataBytes);
  EXPECT_EQ(data.size(), dataBytes);
  file.replace(file.size() - dataBytes, dataBytes, data);
  directory.write("model.safetensors", file);
  Diagnostics diagnostics;
  return Checkpoint::open(directory.path(), diagnostics);
}

/// norm [4], w [3, 4], v [2, 4], many [2048, 4] of (1, 0, 0, 0), few [256, 4] of (0, 1, 0, 0), narrow [2, 3].
std::unique_ptr<Checkpoint> openCheckpoint(const TempDirectory &directory) {
  std::vector<test::TinyTensor> tensors = {{"norm", {4}, "F32"},     {"w", {3, 4}, "F32"},
                                           {"v", {2, 4}, "F32"},     {"many", {2048, 4}, "F32"},
                                           {"few", {256, 4}, "F32"}, {"narrow", {2, 3}, "F32"}};
  std::string data = floatBytes({1, 2, 3, 4}) + floatBytes({1, 0, 1, 0, 0, 1, 0, 1, 2, 0, 0, 1}) +
                     floatBytes({0, 0, 3, 0, 1, 1, 1, 1});
  for (int i = 0; i < 2048; ++i) {
    data += floatBytes({1, 0, 0, 0});
  }
  for (int i = 0; i < 256; ++i) {
    data += floatBytes({0, 1, 0, 0});
  }
  data += floatBytes({1, 1, 1, 1, 1, 1});
  return openFile(directory, tensors, data);
}

std::vector<float> momentsOf(const std::vector<StreamReading> &readings) {
  TempDirectory directory;
  std::unique_ptr<Checkpoint> checkpoint = openCheckpoint(directory);
  Diagnostics diagnostics;
  auto moments = lookupMoments({"table", readings}, columns, *checkpoint, diagnostics);
  EXPECT_TRUE(moments && moments->size() == padded * padded);
  return moments.value_or(std::vector<float>(padded * padded));
}

TEST(LookupMoments, AreProductsBehindTheirNorms) {
  std::vector<float> moments = momentsOf({{"norm", {"w"}, 0}});
  // Rows behind the norm: (1, 0, 3, 0), (0, 2, 0, 4), (2, 0, 0, 4); the diagonal's sum is 5 + 4 + 9 + 32 = 50.
  const float expected[columns][columns] = {{5, 0, 3, 8}, {0, 4, 0, 8}, {3, 0, 9, 0}, {8, 8, 0, 32}};
  for (uint64_t i = 0; i < columns; ++i) {
    for (uint64_t j = 0; j < columns; ++j) {
      EXPECT_FLOAT_EQ(moments[i * padded + j], expected[i][j] / (50.0f / padded)) << i << ", " << j;
    }
  }
  EXPECT_EQ(moments[columns * padded + columns], 0.0f);
}

TEST(LookupMoments, LaterReadingsCountLessAndSizesDoNotMatter) {
  std::vector<float> moments = momentsOf({{"", {"w"}, 0}, {"", {"v"}, 3}});
  // Diagonals of w (sum 9) and v (sum 13): 5 1 1 2 and 1 1 10 1.
  EXPECT_FLOAT_EQ(moments[0], padded * (5.0f / 9 + 1.0f / 13 / 4));
  EXPECT_FLOAT_EQ(moments[2 * padded + 2], padded * (1.0f / 9 + 10.0f / 13 / 4));
}

TEST(LookupMoments, RowsThatAreTakenStandForAll) {
  std::vector<float> moments = momentsOf({{"", {"many", "few"}, 0}});
  EXPECT_NEAR(moments[0] / moments[padded + 1], 8.0f, 1e-4);
}

TEST(LookupMoments, TensorsThatDoNotFitAreLeftOut) {
  std::vector<float> moments = momentsOf({{"narrow", {"narrow", "missing", "v"}, 0}});
  EXPECT_FLOAT_EQ(moments[2 * padded + 2], padded * 10.0f / 13);
}

TEST(LookupMoments, AreHalfOfWhatTheHeadHas) {
  std::vector<float> moments(padded * padded), lookups = moments;
  moments[0] = 10;
  lookups[padded + 1] = 3;
  addLookups(moments, lookups, columns);
  EXPECT_EQ(moments[0], 10.0f);
  EXPECT_FLOAT_EQ(moments[padded + 1], 5.0f);
}

TEST(LookupMoments, ZerosAndBrokenNumbersChangeNothing) {
  std::vector<float> moments(padded * padded), lookups = moments;
  moments[0] = 10;
  for (float odd : {0.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    lookups[0] = odd;
    std::vector<float> sum = moments;
    addLookups(sum, lookups, columns);
    EXPECT_EQ(sum, moments);
  }
}

/// Statistics with moments of w's input, whose diagonal is 4, 1, 9, 16, and of v's, of another width.
std::unique_ptr<Checkpoint> openStatistics(const TempDirectory &directory) {
  std::vector<float> moments(padded * padded, 0.5f);
  for (uint64_t i = 0; i < columns; ++i) {
    const float diagonal[columns] = {4, 1, 9, 16};
    moments[i * padded + i] = diagonal[i];
  }
  return openFile(directory, {{"w", {padded, padded}, "F32"}, {"v", {64, 64}, "F32"}},
                  floatBytes(moments) + floatBytes(std::vector<float>(64 * 64, 1.0f)));
}

std::vector<float> perLayer(const std::vector<SliceReading> &readings, uint64_t tableColumns) {
  TempDirectory model, observed;
  std::unique_ptr<Checkpoint> checkpoint = openCheckpoint(model), statistics = openStatistics(observed);
  Diagnostics diagnostics;
  auto moments = perLayerMoments({"table", readings}, tableColumns, *checkpoint, *statistics, diagnostics);
  EXPECT_TRUE(moments);
  return moments.value_or(std::vector<float>());
}

TEST(PerLayerMoments, AreThoseOfTheProductTimesTheSizesOfItsInput) {
  std::vector<float> moments = perLayer({{"w", 2}}, 8);
  ASSERT_EQ(moments.size(), padded * padded);
  // W^T W times 2, 1, 3, 4 along rows and columns; the diagonal's sum is 20 + 1 + 9 + 32 = 62.
  const float expected[columns][columns] = {{20, 0, 6, 16}, {0, 1, 0, 4}, {6, 0, 9, 0}, {16, 4, 0, 32}};
  for (uint64_t i = 0; i < columns; ++i) {
    for (uint64_t j = 0; j < columns; ++j) {
      EXPECT_FLOAT_EQ(moments[(i + 2) * padded + j + 2], expected[i][j] / (62.0f / padded)) << i << ", " << j;
    }
  }
  EXPECT_EQ(moments[0], 0.0f);
  EXPECT_EQ(moments[6 * padded + 6], 0.0f);
}

TEST(PerLayerMoments, ASliceAcrossABlocksEndIsCut) {
  constexpr uint64_t stride = 512;
  std::vector<float> moments = perLayer({{"w", 510}}, 1024);
  ASSERT_EQ(moments.size(), 1024 * stride);
  EXPECT_FLOAT_EQ(moments[510 * stride + 510], 20 / (62.0f / padded));
  EXPECT_FLOAT_EQ(moments[512 * stride + 0], 9 / (62.0f / padded)); // column 2, first of the second block
  EXPECT_EQ(moments[510 * stride + 0], 0.0f);
  EXPECT_EQ(moments[512 * stride + 510], 0.0f);
}

TEST(PerLayerMoments, WhatDoesNotFitHasNone) {
  for (const SliceReading &reading : {SliceReading{"v", 0}, {"missing", 0}, {"few", 0}, {"w", 5}, {"w", UINT64_MAX}}) {
    std::vector<float> moments = perLayer({reading}, 8);
    EXPECT_EQ(moments, std::vector<float>(padded * padded)) << reading.weight << " " << reading.firstColumn;
  }
}

} // namespace
