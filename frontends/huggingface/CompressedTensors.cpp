//===- CompressedTensors.cpp - quantization_config of compressed-tensors -----===//
// SPDX-License-Identifier: Apache-2.0
//
// The library describes far more than is packed in released Gemma 4 checkpoints. Everything that would change what a
// stored number means is read and must have the one accepted value; the rest (observers, versions) is ignored.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/QuantizationConfig.h"

namespace lapidary {

namespace {

constexpr const char *packed = "pack-quantized";

bool unsupported(const ConfigFields &fields, const std::string &name, const JsonValue &value,
                 const std::string &expected) {
  return fields.error(ErrorCode::UnsupportedQuantization, name, "is " + value.describe() + ", expected " + expected);
}

/// `name` must be a string equal to `wanted`, or absent when `optional`.
void expectText(const ConfigFields &fields, const std::string &name, const std::string &wanted, bool optional) {
  const JsonValue *value = fields.find(name);
  if (!value && !optional) {
    fields.error(ErrorCode::ConfigMissingField, name, "is missing, expected " + quoted(wanted));
  } else if (value && value->text != wanted) {
    unsupported(fields, name, *value, quoted(wanted));
  }
}

/// `name` must be absent, null, false or empty: it would change the computation.
void expectNothing(const ConfigFields &fields, const std::string &name, const std::string &why) {
  const JsonValue *value = fields.find(name);
  bool empty = !value || (value->is(JsonValue::Kind::Bool) && !value->boolean) ||
               (value->is(JsonValue::Kind::Object) && value->keys.empty()) ||
               (value->is(JsonValue::Kind::Array) && value->items.empty());
  if (!empty) {
    unsupported(fields, name, *value, "null: " + why);
  }
}

void expectFlag(const ConfigFields &fields, const std::string &name, bool wanted, bool otherwise,
                const std::string &expected) {
  const JsonValue *value = fields.find(name);
  if (fields.flag(name, otherwise) != wanted && (!value || value->is(JsonValue::Kind::Bool))) {
    fields.error(ErrorCode::UnsupportedQuantization, name,
                 (value ? "is " + value->describe() : "is missing") + ", expected " + expected);
  }
}

/// The columns that share a scale: a multiple of 32, or 0 for a whole row.
uint32_t readGroupSize(const ConfigFields &fields) {
  const JsonValue *strategy = fields.find("strategy"), *size = fields.find("group_size");
  std::string name = strategy ? strategy->text : size ? "group" : "";
  if (name == "channel") {
    return 0;
  }
  if (name != "group") {
    fields.error(ErrorCode::UnsupportedQuantization, "strategy",
                 (strategy ? "is " + strategy->describe() : "is missing") + ", expected 'group' or 'channel'");
    return 0;
  }
  uint32_t columns = fields.whole("group_size", 1, limits::intermediate);
  if (columns % 32 != 0 && size) {
    fields.error(ErrorCode::UnsupportedQuantization, "group_size",
                 "is " + std::to_string(columns) + ", expected a multiple of 32");
  }
  return columns;
}

WeightScheme readWeights(const ConfigFields &fields) {
  WeightScheme scheme;
  scheme.bits = fields.whole("num_bits", 0, 64);
  if (scheme.bits != 4 && scheme.bits != 8 && fields.find("num_bits")) {
    fields.error(ErrorCode::UnsupportedQuantization, "num_bits",
                 "is " + std::to_string(scheme.bits) + ", expected 4 or 8 for format 'pack-quantized'");
  }
  expectText(fields, "type", "int", false);
  expectFlag(fields, "symmetric", true, true, "true: weights with zero points are not supported");
  expectFlag(fields, "dynamic", false, false, "false: weights have stored scales");
  expectNothing(fields, "actorder", "columns must be in their own order");
  expectNothing(fields, "block_structure", "scales are per group or row");
  scheme.groupSize = readGroupSize(fields);
  return scheme;
}

/// A target or an ignored module: "re:" and a regular expression, else a name or class.
void addPattern(const JsonValue &item, const ConfigFields &fields, const std::string &label, WeightScheme scheme,
                std::vector<QuantizationRule> &out) {
  if (!item.is(JsonValue::Kind::String) || item.text.empty()) {
    fields.error(ErrorCode::ConfigWrongType, label,
                 "is " + item.describe() + ", expected a module name, a class, or 're:' and a regular expression");
    return;
  }
  bool regex = item.text.compare(0, 3, "re:") == 0;
  auto pattern =
      ModulePattern::compile(regex ? item.text.substr(3) : item.text,
                             regex ? ModulePattern::Mode::Start : ModulePattern::Mode::NameOrClass, fields, label);
  if (pattern) {
    out.push_back({std::move(*pattern), scheme, label + ": " + quoted(item.text)});
  }
}

void addPatterns(const JsonValue &list, const ConfigFields &fields, const std::string &name, WeightScheme scheme,
                 std::vector<QuantizationRule> &out) {
  if (!list.is(JsonValue::Kind::Array)) {
    fields.error(ErrorCode::ConfigWrongType, name, "is " + list.describe() + ", expected a list of module names");
    return;
  }
  uint64_t regexes = 0; // of all groups together
  for (const QuantizationRule &rule : out) {
    regexes += rule.pattern.isRegex();
  }
  for (const JsonValue &item : list.items) {
    regexes += item.text.compare(0, 3, "re:") == 0;
  }
  if (regexes > limits::patterns) {
    fields.error(ErrorCode::ConfigOutOfRange, name,
                 "has " + countText(regexes) + " regular expressions, expected at most " + countText(limits::patterns));
    return;
  }
  for (size_t i = 0; i < list.items.size(); ++i) {
    addPattern(list.items[i], fields, name + "[" + std::to_string(i) + "]", scheme, out);
  }
}

void readGroup(const ConfigFields &group, QuantizationConfig &config) {
  expectText(group, "format", packed, /*optional=*/true);
  expectNothing(group, "input_activations", "activations of this format stay as they are");
  expectNothing(group, "output_activations", "activations of this format stay as they are");
  const JsonValue *weights = group.member("weights"), *targets = group.find("targets");
  if (!weights && !group.find("weights")) {
    group.error(ErrorCode::ConfigMissingField, "weights", "is missing, expected how the weights are stored");
  }
  if (!targets) {
    group.error(ErrorCode::ConfigMissingField, "targets", "is missing, expected a list of module names or classes");
  }
  if (weights && targets) {
    addPatterns(*targets, group, "targets", readWeights(group.inside("weights", *weights)), config.rules);
  }
}

/// compressed-tensors asks all names first, then regular expressions, then classes.
unsigned precedence(const QuantizationRule &rule) {
  return rule.pattern.isRegex() ? 1 : rule.pattern.isClass() ? 2 : 0;
}

void sortByPrecedence(std::vector<QuantizationRule> &rules) {
  std::vector<QuantizationRule> sorted;
  for (unsigned wanted = 0; wanted < 3; ++wanted) {
    for (const QuantizationRule &rule : rules) {
      if (precedence(rule) == wanted) {
        sorted.push_back(rule);
      }
    }
  }
  rules = std::move(sorted);
}

} // namespace

void readCompressedTensorsRules(const ConfigFields &fields, QuantizationConfig &config) {
  const JsonValue *format = fields.find("format");
  if (!format || format->text != packed) {
    fields.error(ErrorCode::QuantizedCheckpoint, "format",
                 "is " + (format ? format->describe() : "missing") + ", expected " + quoted(packed) +
                     ": accepted are quant_method 'gemma' and 'compressed-tensors' (format 'pack-quantized')",
                 "use the bf16 form of the model and let --quant=w4 or --quant=w8 quantize it");
    return;
  }
  expectText(fields, "quantization_status", "compressed", /*optional=*/true);
  expectNothing(fields, "kv_cache_scheme", "quantized caches of this method are not supported");
  expectNothing(fields, "transform_config", "transformed weights are not supported");
  const JsonValue *sparsity = fields.member("sparsity_config");
  if (sparsity && !sparsity->keys.empty()) {
    expectText(fields.inside("sparsity_config", *sparsity), "format", "dense", /*optional=*/false);
  }
  const JsonValue *groups = fields.member("config_groups");
  if (!groups && !fields.find("config_groups")) {
    fields.error(ErrorCode::ConfigMissingField, "config_groups", "is missing, expected groups of modules");
  }
  if (groups && groups->keys.size() > limits::patterns) {
    fields.error(ErrorCode::ConfigOutOfRange, "config_groups",
                 "has " + countText(groups->keys.size()) + " groups, expected at most " + countText(limits::patterns));
    return;
  }
  for (size_t i = 0; groups && i < groups->keys.size(); ++i) {
    ConfigFields inside = fields.inside("config_groups", *groups);
    if (const JsonValue *group = inside.member(groups->keys[i])) {
      readGroup(inside.inside(groups->keys[i], *group), config);
    }
  }
  sortByPrecedence(config.rules);
  if (const JsonValue *ignore = fields.find("ignore")) {
    addPatterns(*ignore, fields, "ignore", {}, config.ignored);
  }
}

} // namespace lapidary
