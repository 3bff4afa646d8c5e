//===- QuantizationConfig.cpp - how a checkpoint was quantized ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Which method, and the rules of "gemma" (transformers' GemmaQuantizationConfig, whose defaults are used here).
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/QuantizationConfig.h"

namespace lapidary {

namespace {

constexpr const char *acceptedMethods = "accepted are 'gemma' and 'compressed-tensors' (format 'pack-quantized')";

/// 2, 4 or 8. Reports E0238, E0239, E0254.
std::optional<unsigned> readBits(const ConfigFields &fields) {
  const JsonValue *value = fields.find("num_bits");
  std::optional<uint32_t> bits = value ? fields.wholeValue(*value, "num_bits", 0, 64) : std::nullopt;
  if (!bits) {
    return std::nullopt;
  }
  if (*bits != 2 && *bits != 4 && *bits != 8) {
    fields.error(ErrorCode::UnsupportedQuantization, "num_bits",
                 "is " + std::to_string(*bits) + ", expected 2, 4 or 8 for quant_method 'gemma'");
    return std::nullopt;
  }
  return bits;
}

void readModuleRules(const ConfigFields &fields, QuantizationConfig &config) {
  const JsonValue *object = fields.member("module_quant_configs");
  if (!object) {
    return;
  }
  if (object->keys.size() > limits::patterns) {
    fields.error(ErrorCode::ConfigOutOfRange, "module_quant_configs",
                 "has " + countText(object->keys.size()) + " rules, expected at most " + countText(limits::patterns));
    return;
  }
  ConfigFields rules = fields.inside("module_quant_configs", *object);
  for (size_t i = 0; i < object->keys.size(); ++i) {
    const std::string &text = object->keys[i];
    auto pattern = ModulePattern::compile(text, ModulePattern::Mode::Search, rules, quoted(text));
    if (!object->items[i].is(JsonValue::Kind::Object)) {
      rules.error(ErrorCode::ConfigWrongType, quoted(text),
                  "is " + object->items[i].describe() + ", expected an object with num_bits");
      continue;
    }
    ConfigFields options = rules.inside(quoted(text), object->items[i]);
    WeightScheme scheme = config.otherwise.value_or(WeightScheme());
    if (options.find("num_bits")) {
      scheme.bits = readBits(options).value_or(scheme.bits);
    }
    for (const std::string &key : object->items[i].keys) {
      if (key != "num_bits") {
        options.error(ErrorCode::UnsupportedQuantization, quoted(key), "is not known, expected num_bits only");
      }
    }
    if (pattern) {
      config.rules.push_back({std::move(*pattern), scheme, "module_quant_configs: " + quoted(text)});
    }
  }
}

void readPlainModules(const ConfigFields &fields, QuantizationConfig &config) {
  const JsonValue *list = fields.find("modules_to_not_convert");
  if (!list) {
    return;
  }
  if (!list->is(JsonValue::Kind::Array) || list->items.size() > limits::patterns) {
    std::string found = list->is(JsonValue::Kind::Array) ? "has " + countText(list->items.size()) + " entries"
                                                         : "is " + list->describe();
    fields.error(list->is(JsonValue::Kind::Array) ? ErrorCode::ConfigOutOfRange : ErrorCode::ConfigWrongType,
                 "modules_to_not_convert",
                 found + ", expected a list of at most " + countText(limits::patterns) + " names");
    return;
  }
  for (size_t i = 0; i < list->items.size(); ++i) {
    const JsonValue &item = list->items[i];
    std::string label = "modules_to_not_convert[" + std::to_string(i) + "]";
    if (!item.is(JsonValue::Kind::String) || item.text.empty()) {
      fields.error(ErrorCode::ConfigWrongType, label, "is " + item.describe() + ", expected a name");
      continue;
    }
    auto pattern = ModulePattern::compile(item.text, ModulePattern::Mode::StartOrTail, fields, label);
    if (pattern) {
      config.ignored.push_back({std::move(*pattern), {}, "modules_to_not_convert: " + quoted(item.text)});
    }
  }
}

} // namespace

std::optional<WeightScheme> QuantizationConfig::schemeFor(const std::string &module, ModuleKind kind) const {
  if (kind == ModuleKind::Other || (kind == ModuleKind::Embedding && !embeddings)) {
    return std::nullopt;
  }
  for (const QuantizationRule &rule : ignored) {
    if (rule.pattern.matches(module, kind)) {
      return std::nullopt;
    }
  }
  for (const QuantizationRule &rule : rules) {
    if (rule.pattern.matches(module, kind)) {
      return rule.scheme;
    }
  }
  return otherwise;
}

const char *QuantizationConfig::methodName() const { return method == Method::Gemma ? "gemma" : "compressed-tensors"; }

void readGemmaRules(const ConfigFields &fields, QuantizationConfig &config) {
  config.otherwise = WeightScheme{4, 0};
  if (fields.find("num_bits")) {
    config.otherwise->bits = readBits(fields).value_or(4);
  }
  config.embeddings = fields.flag("quantize_embeddings", false);
  readModuleRules(fields, config);
  readPlainModules(fields, config);
}

std::optional<QuantizationConfig> readQuantization(const ConfigFields &fields) {
  const JsonValue *object = fields.member("quantization_config");
  if (!object) {
    return std::nullopt;
  }
  ConfigFields inside = fields.inside("quantization_config", *object);
  const JsonValue *method = inside.find("quant_method");
  QuantizationConfig config;
  if (method && method->text == "gemma") {
    readGemmaRules(inside, config);
    return config;
  }
  if (method && method->text == "compressed-tensors") {
    config.method = QuantizationConfig::Method::CompressedTensors;
    readCompressedTensorsRules(inside, config);
    return config;
  }
  fields.error(ErrorCode::QuantizedCheckpoint, "quantization_config",
               "has quant_method " + (method ? method->describe() : "none") + ", expected another: " + acceptedMethods,
               "use the bf16 form of the model and let --quant=w4 or --quant=w8 quantize it");
  return std::nullopt;
}

} // namespace lapidary
