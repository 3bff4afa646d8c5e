//===- QuantizedTensorsTest.cpp - what is resolved from quantized checkpoints --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Storage, scales and ranges of both formats, which rule decides, and which rules may be idle. Errors are in
// QuantizedCases.cpp.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/StorageSummary.h"
#include "support/FileIO.h"
#include "test/frontends/TinyCheckpoint.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace lapidary;
using namespace lapidary::test;

namespace {

struct Resolved {
  ModelConfig config;
  TextTensors tensors;
  ImportReport report;
  Diagnostics diagnostics;

  const QuantizedStorage &of(const std::string &suffix) const {
    const TensorRole *role = tensors.find(suffix == "lm_head.weight" ? suffix : config.tensorPrefix + suffix);
    static const QuantizedStorage none;
    EXPECT_TRUE(role && role->quantized) << suffix;
    return role && role->quantized ? *role->quantized : none;
  }
};

void resolveDirectory(const std::string &directory, Resolved &out) {
  std::optional<ModelConfig> config = readModelConfig(directory, out.diagnostics);
  std::unique_ptr<Checkpoint> checkpoint = Checkpoint::open(directory, out.diagnostics);
  if (config && checkpoint) {
    auto tensors = resolveTextTensors(*config, *checkpoint, out.diagnostics, out.report);
    out.config = std::move(*config);
    out.tensors = tensors.value_or(TextTensors());
  }
  for (const Diagnostic &diagnostic : out.diagnostics.all()) {
    EXPECT_NE(diagnostic.severity, Severity::Error) << formatDiagnostic(diagnostic, false);
  }
}

void resolve(const TinyModel &model, Resolved &out) {
  TempDirectory directory;
  model.write(directory);
  resolveDirectory(directory.path(), out);
}

/// Replaces module_quant_configs with `text`, whose order counts.
void setRules(TinyModel &model, const TempDirectory &directory, const std::string &text) {
  model.config["quantization_config"]["module_quant_configs"] = "RULES";
  std::string config = model.config.dump();
  config.replace(config.find("\"RULES\""), 7, text);
  model.write(directory);
  directory.write("config.json", config);
}

} // namespace

TEST(QuantizedTensors, ResolveMobileStorage) {
  Resolved r;
  resolve(tinyModel(Variant::Mobile), r);
  const TensorRole *up = r.tensors.find("model.language_model.layers.3.mlp.up_proj.weight");
  ASSERT_TRUE(up);
  EXPECT_EQ(up->tensor, up->name);
  EXPECT_EQ(up->shape, (std::vector<uint64_t>{24, 8})) << "the shape of the values, not of the bytes";
  const QuantizedStorage &storage = r.of("layers.3.mlp.up_proj.weight");
  EXPECT_EQ(storage.bits, 2u);
  EXPECT_TRUE(storage.offsetBinary);
  EXPECT_EQ(storage.rows, 24u);
  EXPECT_EQ(storage.columns, 8u);
  EXPECT_EQ(storage.rowBytes, 2u);
  EXPECT_EQ(storage.scales, "model.language_model.layers.3.mlp.up_proj.weight_scale");
  EXPECT_EQ(storage.scaleColumns, 8u) << "one scale per row";
  EXPECT_FALSE(storage.wideActivations);
  EXPECT_EQ(storage.inputStep, 0.5f);
  EXPECT_EQ(storage.outputStep, 0.75f);
  EXPECT_EQ(r.of("layers.0.self_attn.o_proj.weight").outputStep, 0.0f) << "not calibrated";
  EXPECT_EQ(r.of("lm_head.weight").bits, 2u);
}

TEST(QuantizedTensors, ResolveMobileTablesAndBytes) {
  Resolved r;
  resolve(tinyModel(Variant::Mobile), r);
  const QuantizedStorage &table = r.of("embed_tokens_per_layer.weight");
  EXPECT_EQ(table.scaleColumns, 12u) << "one block";
  EXPECT_EQ(table.rowBytes, 6u);
  EXPECT_EQ(table.inputStep, 0.0f);
  EXPECT_EQ(r.tensors.find("model.language_model.embed_tokens.weight")->tensor,
            "model.language_model.embed_tokens.embedding_quantized");
  const QuantizedStorage &bytes = r.of("layers.0.per_layer_projection.weight");
  EXPECT_EQ(bytes.bits, 8u);
  EXPECT_FALSE(bytes.offsetBinary) << "I8 is two's complement";
  EXPECT_EQ(bytes.rowBytes, 3u);
  const TensorRole *plain = r.tensors.find("model.language_model.per_layer_model_projection.weight");
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->quantized) << "modules_to_not_convert";
}

TEST(QuantizedTensors, ResolveCacheRangesOfOwningLayers) {
  TinyModel model = tinyModel(Variant::Mobile);
  model.tensor("layers.1.self_attn.v_cache_scale").bytes = f32Bytes(0);
  model.remove("layers.0.self_attn.v_cache_scale");
  Resolved r;
  resolve(model, r);
  ASSERT_EQ(r.tensors.caches().size(), 4u);
  EXPECT_EQ(r.tensors.caches()[0].key, 0.5f);
  EXPECT_FALSE(r.tensors.caches()[0].value) << "absent";
  EXPECT_EQ(r.tensors.caches()[1].key, 0.5f);
  EXPECT_FALSE(r.tensors.caches()[1].value) << "0 means none";
  EXPECT_FALSE(r.tensors.caches()[2].key) << "shares";
}

TEST(QuantizedTensors, CountEveryTensorOfBothFormats) {
  for (Variant variant : {Variant::Mobile, Variant::Packed}) {
    TinyModel model = tinyModel(variant);
    Resolved r;
    resolve(model, r);
    EXPECT_EQ(r.report.used.tensors + r.report.dead.tensors, model.tensors.size());
    EXPECT_EQ(r.report.unknown.tensors, 0u);
    EXPECT_GT(r.report.dead.tensors, 6u) << "quantized K/V that is never read";
    EXPECT_TRUE(r.tensors.anyQuantized());
  }
}

TEST(QuantizedTensors, NeverReadDeadKeysAndValues) {
  TinyModel model = tinyModel(Variant::Mobile);
  model.tensor("layers.3.self_attn.k_proj.weight_scale").bytes = f32Bytes(std::nanf(""), 12);
  model.tensor("layers.3.self_attn.v_proj.weight").shape = {7, 7};
  Resolved r;
  resolve(model, r);
  EXPECT_TRUE(r.tensors.find("model.language_model.layers.3.self_attn.q_proj.weight"));
  EXPECT_FALSE(r.tensors.find("model.language_model.layers.3.self_attn.k_proj.weight"));
}

TEST(QuantizedTensors, ResolvePackedGroupsAndRows) {
  Resolved r;
  resolve(tinyModel(Variant::Packed), r);
  const TensorRole *down = r.tensors.find("model.language_model.layers.0.mlp.down_proj.weight");
  ASSERT_TRUE(down);
  EXPECT_EQ(down->tensor, "model.language_model.layers.0.mlp.down_proj.weight_packed");
  const QuantizedStorage &groups = r.of("layers.0.mlp.down_proj.weight");
  EXPECT_EQ(groups.bits, 4u);
  EXPECT_TRUE(groups.offsetBinary);
  EXPECT_TRUE(groups.wideActivations);
  EXPECT_EQ(groups.scaleType, DType::BF16);
  EXPECT_EQ(groups.scaleColumns, 32u);
  EXPECT_EQ(groups.rowBytes, 32u);
  const QuantizedStorage &rows = r.of("layers.0.per_layer_projection.weight");
  EXPECT_EQ(rows.bits, 8u) << "a regular expression goes before the class Linear";
  EXPECT_TRUE(rows.offsetBinary) << "words hold value + 128";
  EXPECT_EQ(rows.scaleColumns, rows.columns);
  EXPECT_FALSE(r.tensors.find("model.language_model.embed_tokens.weight")->quantized) << "ignored";
}

TEST(QuantizedTensors, TakeTheFirstRuleThatMatches) {
  TinyModel model = tinyModel(Variant::Mobile);
  TempDirectory directory;
  setRules(model, directory, R"({"up_proj":{"num_bits":4},"embed_tokens$":{"num_bits":2},"lm_head":{"num_bits":2},
    "layers\\.([23])\\.mlp":{"num_bits":2},"per_layer_(input_gate|projection)$":{"num_bits":8},"mlp":{"num_bits":4}})");
  // Layers 2 and 3 hold 2 bits in up_proj; the first rule says 4.
  for (const char *layer : {"2", "3"}) {
    model.tensor(std::string("layers.") + layer + ".mlp.up_proj.weight").shape = {24, 4};
  }
  directory.write("model.safetensors", fileBytes(model.tensors));
  Resolved r;
  resolveDirectory(directory.path(), r);
  EXPECT_EQ(r.of("layers.3.mlp.up_proj.weight").bits, 4u);
  EXPECT_EQ(r.of("layers.3.mlp.gate_proj.weight").bits, 2u);
  EXPECT_EQ(r.of("layers.0.self_attn.q_proj.weight").bits, 4u) << "num_bits, since no rule names it";
}

TEST(QuantizedTensors, AcceptTheRulesOfTheReleasedE2B) {
  TinyModel model = tinyModel(Variant::Mobile);
  for (const char *layer : {"layers.2.mlp.", "layers.3.mlp."}) { // below layer 15: 4 bits
    model.tensor(layer + std::string("gate_proj.weight")).shape = {24, 4};
    model.tensor(layer + std::string("up_proj.weight")).shape = {24, 4};
    model.tensor(layer + std::string("down_proj.weight")).shape = {8, 12};
  }
  model.config["quantization_config"]["modules_to_not_convert"] = {"model.vision_tower.patch_embedder",
                                                                   "model.audio_tower.subsample_conv_projection",
                                                                   "model.audio_tower.output_proj",
                                                                   "relative_k_proj",
                                                                   "model.embed_audio",
                                                                   "model.embed_vision",
                                                                   "per_layer_model_projection"};
  TempDirectory directory;
  setRules(model, directory, R"rules({
    "language_model\\.embed_tokens_per_layer$": {"num_bits": 4}, "language_model\\.embed_tokens$": {"num_bits": 2},
    "^lm_head$": {"num_bits": 2}, "language_model\\.layers\\.\\d+\\.per_layer_input_gate$": {"num_bits": 8},
    "language_model\\.layers\\.\\d+\\.per_layer_projection$": {"num_bits": 8}, "vision_tower": {"num_bits": 8},
    "audio_tower(?!.*lconv1d\\.linear_start)": {"num_bits": 2},
    "audio_tower\\.layers\\.\\d+\\.lconv1d\\.linear_start\\.": {"num_bits": 4},
    "language_model\\.layers\\.\\d+\\.self_attn\\.": {"num_bits": 4},
    "language_model\\.layers\\.(\\d|1[0-4])\\.mlp\\.": {"num_bits": 4},
    "language_model\\.layers\\.\\d+\\.mlp\\.": {"num_bits": 2}})rules");
  Resolved r;
  resolveDirectory(directory.path(), r);
  EXPECT_EQ(r.of("layers.3.mlp.up_proj.weight").bits, 4u);
  ASSERT_EQ(r.diagnostics.all().size(), 1u) << "the towers are not in this file";
  EXPECT_EQ(r.diagnostics.all()[0].code, ErrorCode::QuantizationRuleIdle);
}

TEST(QuantizedTensors, AcceptTowerRulesWithLookAhead) {
  TinyModel model = tinyModel(Variant::Mobile);
  nlohmann::json &rules = model.config["quantization_config"]["module_quant_configs"];
  rules["audio_tower(?!.*lconv1d\\.linear_start)"] = {{"num_bits", 2}};
  rules["vision_tower"] = {{"num_bits", 8}};
  model.tensors.push_back({"model.vision_tower.encoder.layers.0.mlp.up_proj.weight", {4, 4}, "I8"});
  Resolved r;
  resolve(model, r);
  ASSERT_EQ(r.diagnostics.all().size(), 2u);
  EXPECT_EQ(r.diagnostics.all()[0].code, ErrorCode::QuantizationRuleIdle);
  EXPECT_NE(r.diagnostics.all()[0].message.find("audio_tower"), std::string::npos);
  EXPECT_EQ(r.diagnostics.all()[0].message.find("vision_tower"), std::string::npos) << "there is one";
  EXPECT_EQ(r.diagnostics.all()[1].code, ErrorCode::TowersNotCompiled);
}

TEST(QuantizedTensors, KnowWhichPatternsOnlyTowersMatch) {
  for (const char *text : {"audio_tower(?!x)", "^model\\.vision_tower", ".*embed_vision\\.", "embed_audio$"}) {
    EXPECT_TRUE(canOnlyMatchTowers(text)) << text;
  }
  for (const char *text : {"audio_tower(?!x)|mlp", "audio_towe", "audio_tower?mlp", "audio_tower*", "mlp.*audio_tower",
                           "(audio_tower|mlp)", "audio_tower)|(mlp", "[audio_tower", "audio_tower{0}mlp"}) {
    EXPECT_FALSE(canOnlyMatchTowers(text)) << text;
  }
  EXPECT_TRUE(canOnlyMatchTowers("audio_tower(a|b)[|]\\|"));
}

TEST(QuantizedTensors, SummarizePartsWidthsAndRanges) {
  TinyModel model = tinyModel(Variant::Mobile);
  model.tensor("layers.0.mlp.up_proj.input_activation_scale").bytes = f32Bytes(0);
  model.tensor("layers.1.self_attn.k_cache_scale").bytes = f32Bytes(0);
  TempDirectory directory;
  model.write(directory);
  Resolved r;
  resolveDirectory(directory.path(), r);
  std::unique_ptr<Checkpoint> checkpoint = Checkpoint::open(directory.path(), r.diagnostics);
  StorageSummary summary = summarizeStorage(r.config, *checkpoint, r.tensors);
  std::string text;
  uint64_t bytes = 0;
  for (const StorageSummary::Part &part : summary.parts) {
    text += std::string(part.name) + " " + std::to_string(part.bits) + " x" + std::to_string(part.tensors) + ";";
    bytes += part.bytes;
  }
  EXPECT_EQ(text, "per-layer table 4 x1;embedding 2 x1;attention 4 x12;mlp 2 x6;mlp 4 x6;per-layer matrices 8 x8;"
                  "per-layer matrices 16 x1;lm_head 2 x1;norms and scalars 16 x32;");
  EXPECT_EQ(summary.parts[1].bytes, 32u * 2 + 32 * 4) << "the table and its scales";
  EXPECT_EQ(bytes, summary.bytes);
  EXPECT_EQ(summary.bytes + 4 * 4, r.report.used.bytes) << "the rest are cache ranges";
  EXPECT_EQ(summary.inputs.all, 33u);
  EXPECT_EQ(summary.inputs.calibrated, 32u);
  EXPECT_EQ(summary.outputs.calibrated, 29u) << "o_proj has none";
  EXPECT_EQ(summary.caches.all, 2u);
  EXPECT_EQ(summary.caches.calibrated, 1u);
}

TEST(QuantizedTensors, FixturesOfBothFormatsResolve) {
  const std::string data = LAPIDARY_SOURCE_DIR "/../shared/data/";
  unsigned seen = 0;
  for (const char *name : {"fixtures/mobile_e2b", "fixtures/mobile_e4b", "fixtures/ct_w4a16", "models/edge-mobile"}) {
    if (!pathExists(data + name)) {
      continue;
    }
    SCOPED_TRACE(name);
    ++seen;
    Resolved r;
    resolveDirectory(data + name, r);
    EXPECT_TRUE(r.tensors.anyQuantized());
    EXPECT_TRUE(r.diagnostics.all().empty());
    EXPECT_EQ(r.report.unknown.tensors, 0u);
    bool mobile = std::string(name).find("mobile") != std::string::npos;
    EXPECT_EQ(r.tensors.caches()[0].key.has_value(), std::string(name).find("fixtures/mobile") == 0);
    EXPECT_EQ(r.report.untiedHead, mobile);
  }
  if (!seen) {
    GTEST_SKIP() << "no checkpoints at " << data;
  }
}
