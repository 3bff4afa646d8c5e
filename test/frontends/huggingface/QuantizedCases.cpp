//===- QuantizedCases.cpp - bad quantized checkpoints -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each case damages one rule, one tensor or one value of a small checkpoint in either released format.
//===----------------------------------------------------------------------===//
#include "test/frontends/huggingface/MalformedCases.h"

#include <cmath>
#include <limits>

namespace lapidary::test {

namespace {

using nlohmann::json;
using Change = std::function<void(TinyModel &)>;

MalformedCase quantized(Variant variant, const std::string &name, ErrorCode code, std::vector<std::string> words,
                        const Change &change) {
  words.push_back("expected");
  return {(variant == Variant::Mobile ? "mobile: " : "packed: ") + name, code, std::move(words),
          [change](TinyModel &model, const TempDirectory &directory) {
            change(model);
            model.write(directory);
          },
          variant};
}

/// Sets a value below quantization_config.
Change rule(const std::string &pointer, const json &value) {
  return [=](TinyModel &model) { model.config["quantization_config"][json::json_pointer(pointer)] = value; };
}

/// Adds a rule of 4 bits to module_quant_configs.
Change pattern(const std::string &text) {
  return
      [=](TinyModel &model) { model.config["quantization_config"]["module_quant_configs"][text] = {{"num_bits", 4}}; };
}

Change tensor(const std::string &nameEnd, const std::function<void(TinyTensor &)> &change) {
  return [=](TinyModel &model) { change(model.tensor(nameEnd)); };
}

Change removed(const std::string &nameEnd) {
  return [=](TinyModel &model) { model.remove(nameEnd); };
}

Change shaped(const std::string &nameEnd, const std::vector<uint64_t> &shape) {
  return tensor(nameEnd, [=](TinyTensor &t) { t.shape = shape; });
}

Change typed(const std::string &nameEnd, const std::string &dtype) {
  return tensor(nameEnd, [=](TinyTensor &t) { t.dtype = dtype; });
}

/// Replaces the number at `row` of an F32 tensor.
Change value(const std::string &nameEnd, uint64_t row, float number) {
  return tensor(nameEnd, [=](TinyTensor &t) { t.bytes.replace(row * 4, 4, f32Bytes(number)); });
}

std::vector<MalformedCase> mobileRuleCases() {
  auto mobile = [](const std::string &name, ErrorCode code, std::vector<std::string> words, const Change &change) {
    words.push_back("config.json");
    return quantized(Variant::Mobile, name, code, std::move(words), change);
  };
  const std::string ones = "/module_quant_configs/embed_tokens$/num_bits";
  return {
      mobile("method is a number", ErrorCode::QuantizedCheckpoint, {"4", "'gemma'", "'compressed-tensors'"},
             rule("/quant_method", 4)),
      mobile("3 bits", ErrorCode::UnsupportedQuantization, {"'embed_tokens$'.num_bits is 3", "2, 4 or 8"},
             rule(ones, 3)),
      mobile("no bits at all", ErrorCode::UnsupportedQuantization, {"is 0", "2, 4 or 8"}, rule(ones, 0)),
      mobile("16 bits by default", ErrorCode::UnsupportedQuantization, {"quantization_config.num_bits is 16"},
             rule("/num_bits", 16)),
      mobile("bits as a string", ErrorCode::ConfigWrongType, {"the string '4'"}, rule(ones, "4")),
      mobile("bits negative", ErrorCode::ConfigOutOfRange, {"-4"}, rule(ones, -4)),
      mobile("rule is a number", ErrorCode::ConfigWrongType, {"'embed_tokens$' is 4", "num_bits"},
             rule("/module_quant_configs/embed_tokens$", 4)),
      mobile("rule with another setting", ErrorCode::UnsupportedQuantization, {"'group_size'", "num_bits only"},
             rule("/module_quant_configs/embed_tokens$/group_size", 32)),
      mobile("rules are a list", ErrorCode::ConfigWrongType, {"module_quant_configs", "a list"},
             rule("/module_quant_configs", json::array())),
      mobile("unbalanced pattern", ErrorCode::BadQuantizationPattern, {"'layers\\.(\\d' is not", "missing )"},
             pattern("layers\\.(\\d")),
      mobile("repetition that would explode", ErrorCode::BadQuantizationPattern, {"repetition"},
             pattern("((mlp){1000}){1000}")),
      mobile("look-ahead", ErrorCode::UnsupportedQuantizationPattern, {"'(?!'", "without look-around", "two rules"},
             pattern("mlp(?!.*down)")),
      mobile("look-ahead beside a tower", ErrorCode::UnsupportedQuantizationPattern, {"'(?!'"},
             pattern("audio_tower(?!x)|mlp")),
      mobile("look-behind", ErrorCode::UnsupportedQuantizationPattern, {"'(?<'"}, pattern("(?<=mlp)up")),
      mobile("back reference", ErrorCode::UnsupportedQuantizationPattern, {"'\\1'"}, pattern("(mlp).*\\1")),
      mobile("pattern too long", ErrorCode::ConfigOutOfRange, {"2,000 bytes", "1,024 bytes"},
             pattern(std::string(2000, 'a'))),
      mobile("too many rules", ErrorCode::ConfigOutOfRange, {"308 rules", "256"},
             [](TinyModel &model) {
               for (int i = 0; i < 300; ++i) {
                 pattern("mlp" + std::to_string(i))(model);
               }
             }),
      mobile("rule that matches nothing", ErrorCode::QuantizationRuleUnused, {"'layer\\.0'", "matches no module"},
             pattern("layer\\.0")),
      mobile("plain modules are a string", ErrorCode::ConfigWrongType, {"modules_to_not_convert", "'lm_head'"},
             rule("/modules_to_not_convert", "lm_head")),
      mobile("plain module is a number", ErrorCode::ConfigWrongType, {"modules_to_not_convert[0]", "1"},
             rule("/modules_to_not_convert", {1})),
      mobile("plain module with a bad pattern", ErrorCode::BadQuantizationPattern, {"modules_to_not_convert[0]"},
             rule("/modules_to_not_convert", {"[a"})),
      mobile("quantized twice", ErrorCode::UnsupportedQuantization, {"text_config.quantization_config", "top level"},
             [](TinyModel &model) { model.text()["quantization_config"] = model.config["quantization_config"]; }),
  };
}

std::vector<MalformedCase> mobileTensorCases() {
  auto mobile = [](const std::string &name, ErrorCode code, std::vector<std::string> words, const Change &change) {
    words.push_back("model.safetensors");
    return quantized(Variant::Mobile, name, code, std::move(words), change);
  };
  const std::string up = "layers.0.mlp.up_proj.weight", scale = up + "_scale";
  const std::string input = "layers.0.mlp.up_proj.input_activation_scale";
  const float infinity = std::numeric_limits<float>::infinity();
  return {
      mobile("integers missing", ErrorCode::TensorMissing, {up + "' is missing", "[12, 4]"}, removed(up)),
      mobile("table missing", ErrorCode::TensorMissing, {"embed_tokens_per_layer.embedding_quantized' is missing"},
             removed("embed_tokens_per_layer.embedding_quantized")),
      mobile("packed to the wrong width", ErrorCode::PackedShape,
             {up + "' has shape [12, 2]", "[12, 4] for 4-bit weights of 8 columns"}, shaped(up, {12, 2})),
      mobile("padding missing", ErrorCode::PackedShape, {"[8, 2]", "[8, 3] for 8-bit weights of 3 columns"},
             shaped("layers.0.per_layer_projection.weight", {8, 2})),
      mobile("too few rows", ErrorCode::PackedShape, {"[11, 4]"}, shaped(up, {11, 4})),
      mobile("width that belongs to another rule", ErrorCode::PackedShape, {"for 2-bit weights"},
             rule("/module_quant_configs/layers\\.[01]\\.mlp\\./num_bits", 2)),
      mobile("8-bit integers for 4 bits", ErrorCode::PackedDType, {"dtype I8", "U8 for 4-bit weights"},
             typed(up, "I8")),
      mobile("bytes for 8 bits", ErrorCode::PackedDType, {"dtype U8", "I8 for 8-bit weights"},
             typed("layers.0.per_layer_projection.weight", "U8")),
      mobile("scale missing", ErrorCode::WeightScaleMissing, {scale + "' is missing", "F32 scales"}, removed(scale)),
      mobile("scale of a table missing", ErrorCode::WeightScaleMissing, {"embed_tokens.embedding_scale"},
             removed("embed_tokens.embedding_scale")),
      mobile("scale too short", ErrorCode::WeightScaleShape, {"[11, 1]", "[12, 1]"}, shaped(scale, {11, 1})),
      mobile("scale without its second dimension", ErrorCode::WeightScaleShape, {"[12]", "[12, 1]"},
             shaped(scale, {12})),
      mobile("blocks that do not divide a row", ErrorCode::WeightScaleShape, {"[24, 5]", "divides 12 columns"},
             shaped("embed_tokens_per_layer.embedding_scale", {24, 5})),
      mobile("blocks that no kernel reads", ErrorCode::WeightScaleShape,
             {"[24, 4]", "a multiple of 32 columns", "have 3"},
             shaped("embed_tokens_per_layer.embedding_scale", {24, 4})),
      mobile("no blocks", ErrorCode::WeightScaleShape, {"[24, 0]"},
             shaped("embed_tokens_per_layer.embedding_scale", {24, 0})),
      mobile("scale as BF16", ErrorCode::WeightScaleDType, {"dtype BF16", "F32"}, typed(scale, "BF16")),
      mobile("scale of zero", ErrorCode::WeightScaleValue, {scale, "the scale 0 in row 7"}, value(scale, 7, 0)),
      mobile("negative scale", ErrorCode::WeightScaleValue, {"-2 in row 11"}, value(scale, 11, -2)),
      mobile("scale is NaN", ErrorCode::WeightScaleValue, {"nan in row 0"}, value(scale, 0, std::nanf(""))),
      mobile("scale is infinite", ErrorCode::WeightScaleValue, {"inf in row 6"},
             value("embed_tokens_per_layer.embedding_scale", 6, infinity)),
      mobile("range is NaN", ErrorCode::ActivationRange, {input, "nan"}, value(input, 0, std::nanf(""))),
      mobile("negative range", ErrorCode::ActivationRange, {"-0.5"}, value(input, 0, -0.5f)),
      mobile("infinite cache range", ErrorCode::ActivationRange, {"layers.1.self_attn.v_cache_scale", "inf"},
             value("layers.1.self_attn.v_cache_scale", 0, infinity)),
      mobile("range of two numbers", ErrorCode::ActivationRange, {"F32 [2]", "one F32 number"}, shaped(input, {2})),
      mobile("range as BF16", ErrorCode::ActivationRange, {"BF16 []"}, typed(input, "BF16")),
      mobile("plain by rule, quantized in the file", ErrorCode::QuantizedInsteadOfPlain,
             {up, "U8 [12, 4]", "plain [12, 8]"}, rule("/modules_to_not_convert/-", "up_proj")),
      mobile("table plain by rule, quantized in the file", ErrorCode::QuantizedInsteadOfPlain, {"embedding_quantized"},
             rule("/quantize_embeddings", false)),
      mobile("quantized by rule, plain in the file", ErrorCode::PlainInsteadOfQuantized,
             {up, "BF16 [12, 8]", "integers [12, 4]", "modules_to_not_convert"},
             tensor(up, [](TinyTensor &t) { t = {t.name, {12, 8}}; })),
      mobile("table quantized by rule, plain in the file", ErrorCode::PlainInsteadOfQuantized, {"embed_tokens.weight"},
             tensor("embed_tokens.embedding_quantized",
                    [](TinyTensor &t) { t = {"model.language_model.embed_tokens.weight", {32, 8}}; })),
      mobile("table stored twice", ErrorCode::WeightStoredTwice, {"embed_tokens.embedding_quantized'"},
             [](TinyModel &model) { model.tensors.push_back({"model.language_model.embed_tokens.weight", {32, 8}}); }),
      mobile("rows too long for 32-bit sums", ErrorCode::IntegerRowTooLong, {"65,544 integers", "65,536"},
             [](TinyModel &model) {
               model.text()["intermediate_size"] = 65544;
               shaped("layers.0.mlp.gate_proj.weight", {65544, 4})(model);
               model.tensor("layers.0.mlp.gate_proj.weight_scale") = {
                   "model.language_model.layers.0.mlp.gate_proj.weight_scale", {65544, 1}, "F32", f32Bytes(1, 65544)};
               shaped("layers.0.mlp.up_proj.weight", {65544, 4})(model);
               model.tensor("layers.0.mlp.up_proj.weight_scale") = {
                   "model.language_model.layers.0.mlp.up_proj.weight_scale", {65544, 1}, "F32", f32Bytes(1, 65544)};
               shaped("layers.0.mlp.down_proj.weight", {8, 32772})(model);
             }),
      mobile("rules missing", ErrorCode::TensorDType, {"has dtype U8", "has no quantization_config"},
             [](TinyModel &model) {
               model.config.erase("quantization_config");
               for (const char *table : {"embed_tokens", "embed_tokens_per_layer"}) {
                 model.tensor(table + std::string(".embedding_quantized")) = {
                     "model.language_model." + std::string(table) + ".weight",
                     {table[12] ? 24u : 32u, table[12] ? 12u : 8u}};
               }
             }),
      mobile("integers of the other architecture", ErrorCode::WrongTensorPrefix,
             {"'model.embed_tokens.embedding_quantized' found"},
             [](TinyModel &model) {
               TinyModel text = tinyModel(Variant::TextOnly);
               quantizeMobile(text);
               model.tensors = text.tensors;
             }),
  };
}

std::vector<MalformedCase> packedRuleCases() {
  auto packed = [](const std::string &name, ErrorCode code, std::vector<std::string> words, const Change &change) {
    words.push_back("config.json");
    return quantized(Variant::Packed, name, code, std::move(words), change);
  };
  const std::string group = "/config_groups/group_0", weights = group + "/weights";
  const json int8 = {{"num_bits", 8}, {"type", "int"}};
  return {
      packed("another format", ErrorCode::QuantizedCheckpoint, {"'nvfp4-pack-quantized'", "'pack-quantized'"},
             rule("/format", "nvfp4-pack-quantized")),
      packed("another format of a group", ErrorCode::UnsupportedQuantization, {"group_0.format", "'int-quantized'"},
             rule(group + "/format", "int-quantized")),
      packed("not compressed yet", ErrorCode::UnsupportedQuantization, {"'frozen'", "'compressed'"},
             rule("/quantization_status", "frozen")),
      packed("3 bits", ErrorCode::UnsupportedQuantization, {"num_bits is 3", "4 or 8"}, rule(weights + "/num_bits", 3)),
      packed("bits missing", ErrorCode::ConfigMissingField, {"weights.num_bits"}, rule(weights + "/num_bits", nullptr)),
      packed("floats", ErrorCode::UnsupportedQuantization, {"'float'", "'int'"}, rule(weights + "/type", "float")),
      packed("asymmetric", ErrorCode::UnsupportedQuantization, {"symmetric is false", "zero points"},
             rule(weights + "/symmetric", false)),
      packed("dynamic weights", ErrorCode::UnsupportedQuantization, {"dynamic"}, rule(weights + "/dynamic", true)),
      packed("activation order", ErrorCode::UnsupportedQuantization, {"'group'", "in their own order"},
             rule(weights + "/actorder", "group")),
      packed("unknown strategy", ErrorCode::UnsupportedQuantization, {"'tensor'", "'group' or 'channel'"},
             rule(weights + "/strategy", "tensor")),
      packed("groups of 48", ErrorCode::UnsupportedQuantization, {"group_size is 48", "multiple of 32"},
             rule(weights + "/group_size", 48)),
      packed("group size missing", ErrorCode::ConfigMissingField, {"group_size"},
             rule(weights + "/group_size", nullptr)),
      packed("quantized inputs", ErrorCode::UnsupportedQuantization, {"input_activations", "stay as they are"},
             rule(group + "/input_activations", int8)),
      packed("quantized outputs", ErrorCode::UnsupportedQuantization, {"output_activations"},
             rule(group + "/output_activations", int8)),
      packed("quantized cache", ErrorCode::UnsupportedQuantization, {"kv_cache_scheme"},
             rule("/kv_cache_scheme", int8)),
      packed("sparse weights", ErrorCode::UnsupportedQuantization, {"sparsity_config.format", "'dense'"},
             rule("/sparsity_config", {{"format", "sparse-24-bitmask"}})),
      packed("transformed weights", ErrorCode::UnsupportedQuantization, {"transform_config"},
             rule("/transform_config", {{"config_groups", int8}})),
      packed("groups missing", ErrorCode::ConfigMissingField, {"config_groups"}, rule("/config_groups", nullptr)),
      packed("targets missing", ErrorCode::ConfigMissingField, {"targets"}, rule(group + "/targets", nullptr)),
      packed("targets are a string", ErrorCode::ConfigWrongType, {"targets"}, rule(group + "/targets", "Linear")),
      packed("bad target pattern", ErrorCode::BadQuantizationPattern, {"targets[0]"},
             rule(group + "/targets", {"re:*mlp"})),
      packed("target that matches nothing", ErrorCode::QuantizationRuleUnused, {"'Conv1d'"},
             rule(group + "/targets/-", "Conv1d")),
      packed("ignored module is a number", ErrorCode::ConfigWrongType, {"ignore[0]"}, rule("/ignore", {1})),
  };
}

std::vector<MalformedCase> packedTensorCases() {
  auto packed = [](const std::string &name, ErrorCode code, std::vector<std::string> words, const Change &change) {
    words.push_back("model.safetensors");
    return quantized(Variant::Packed, name, code, std::move(words), change);
  };
  const std::string up = "layers.0.mlp.up_proj.weight";
  auto beside = [up](const std::string &suffix) {
    return [=](TinyModel &model) { model.tensors.push_back({"model.language_model." + up + suffix, {64, 32}}); };
  };
  return {
      packed("words missing", ErrorCode::TensorMissing, {up + "_packed' is missing", "[64, 4]"},
             removed(up + "_packed")),
      packed("words of another width", ErrorCode::PackedShape, {"[64, 8]", "[64, 4] for 4-bit weights of 32 columns"},
             shaped(up + "_packed", {64, 8})),
      packed("words as bytes", ErrorCode::PackedDType, {"dtype U8", "I32"}, typed(up + "_packed", "U8")),
      packed("shape missing", ErrorCode::TensorMissing, {up + "_shape' is missing"}, removed(up + "_shape")),
      packed("shape that lies", ErrorCode::WeightShapeDisagrees, {"says [64, 33]", "[64, 32]"},
             tensor(up + "_shape", [](TinyTensor &t) { t.bytes[8] = 33; })),
      packed("shape that is negative", ErrorCode::WeightShapeDisagrees, {"says [-64,"},
             tensor(up + "_shape",
                    [](TinyTensor &t) { t.bytes.replace(0, 8, std::string("\xc0") + std::string(7, '\xff')); })),
      packed("shape of 32 bits", ErrorCode::WeightShapeDisagrees, {"I32 [2]", "I64 [2]"}, typed(up + "_shape", "I32")),
      packed("scale missing", ErrorCode::WeightScaleMissing, {up + "_scale"}, removed(up + "_scale")),
      packed("scale as F32", ErrorCode::WeightScaleDType, {"dtype F32", "BF16"}, typed(up + "_scale", "F32")),
      packed("scale as F16", ErrorCode::WeightScaleDType, {"dtype F16"},
             typed("per_layer_projection.weight_scale", "F16")),
      packed("scale per row in place of groups", ErrorCode::WeightScaleShape, {"[32, 1]", "[32, 2]"},
             shaped("layers.0.mlp.down_proj.weight_scale", {32, 1})),
      packed("groups longer than a row", ErrorCode::WeightScaleShape, {"group_size is 64", "32 columns"},
             rule("/config_groups/group_0/weights/group_size", 64)),
      packed("scale of zero", ErrorCode::WeightScaleValue, {"row 3"},
             tensor(up + "_scale", [](TinyTensor &t) { t.bytes.replace(6, 2, bf16Bytes(0)); })),
      packed("scale is NaN", ErrorCode::WeightScaleValue, {"nan", "row 2, column 1"},
             tensor("layers.0.mlp.down_proj.weight_scale",
                    [](TinyTensor &t) { t.bytes.replace(10, 2, bf16Bytes(std::nanf(""))); })),
      packed("zero points", ErrorCode::UnsupportedQuantization, {"weight_zero_point", "symmetric"},
             beside("_zero_point")),
      packed("activation order in the file", ErrorCode::UnsupportedQuantization, {"weight_g_idx"}, beside("_g_idx")),
      packed("both forms", ErrorCode::WeightStoredTwice, {up + "'", up + "_packed'"}, beside("")),
      packed("ignored, packed in the file", ErrorCode::QuantizedInsteadOfPlain, {up + "_packed", "plain [64, 32]"},
             rule("/ignore/-", "re:.*up_proj")),
      packed("named, plain in the file", ErrorCode::PlainInsteadOfQuantized, {"embed_tokens.weight", "ignore"},
             [](TinyModel &model) {
               rule("/config_groups/group_0/targets/-", "Embedding")(model);
               rule("/ignore", {"lm_head"})(model);
             }),
  };
}

} // namespace

std::vector<MalformedCase> quantizedCases() {
  std::vector<MalformedCase> all;
  for (auto cases : {mobileRuleCases(), mobileTensorCases(), packedRuleCases(), packedTensorCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

} // namespace lapidary::test
