//===- Architecture.cpp - is this a model we compile? --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The first question to a checkpoint. A model that is not accepted is refused by name, with the list of what is, before
// any other field could confuse the answer.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/ModelConfigParts.h"

namespace lapidary {

namespace {

struct Accepted {
  const char *architecture, *modelType, *tensorPrefix;
};

constexpr Accepted accepted[] = {
    {"Gemma4ForConditionalGeneration", "gemma4", "model.language_model."},
    {"Gemma4ForCausalLM", "gemma4_text", "model."},
};

constexpr const char *acceptedArchitectures = "accepted are Gemma4ForConditionalGeneration and Gemma4ForCausalLM";
constexpr const char *acceptedTypes = "accepted are gemma4 (with text_config) and gemma4_text";

/// architectures[0], or the one that belongs to `row` when the list is absent; "" after an error.
std::string namedArchitecture(const ConfigFields &root, const Accepted &row) {
  const JsonValue *list = root.find("architectures");
  if (!list) {
    return row.architecture;
  }
  if (!list->is(JsonValue::Kind::Array) || list->items.empty() || !list->items[0].is(JsonValue::Kind::String)) {
    root.error(ErrorCode::ConfigWrongType, "architectures",
               "is " + list->describe() + ", expected a list with one name");
    return "";
  }
  return list->items[0].text;
}

/// The wrapper's quantization_config or the text model's; both would leave open which one counts.
bool readQuantizationOf(const ConfigFields &root, ModelConfig &config) {
  const JsonValue *text = root.find("text_config");
  std::optional<ConfigFields> inside;
  if (text) {
    inside.emplace(root.inside("text_config", *text));
  }
  bool inRoot = root.find("quantization_config"), inText = inside && inside->find("quantization_config");
  if (inRoot && inText) {
    return inside->error(ErrorCode::UnsupportedQuantization, "quantization_config",
                         "is given beside another one at top level, expected one", "delete the one that is wrong");
  }
  config.quantization = readQuantization(inText ? *inside : root);
  return config.quantization || !(inRoot || inText);
}

} // namespace

bool readArchitecture(const ConfigFields &root, ModelConfig &config) {
  const JsonValue *type = root.find("model_type");
  if (!type || !type->is(JsonValue::Kind::String)) {
    return root.error(type ? ErrorCode::ConfigWrongType : ErrorCode::ConfigMissingField, "model_type",
                      "is " + (type ? type->describe() : "missing") + ", expected a name: " + acceptedTypes);
  }
  if (type->text == "gemma4_assistant") {
    return root.error(ErrorCode::AssistantCheckpoint, "model_type",
                      "is 'gemma4_assistant': a drafter, which only guesses tokens for a larger model; expected a "
                      "model: " +
                          std::string(acceptedTypes),
                      "compile the model it belongs to");
  }
  const Accepted *row = nullptr;
  for (const Accepted &candidate : accepted) {
    row = type->text == candidate.modelType ? &candidate : row;
  }
  if (!row) {
    return root.error(ErrorCode::UnsupportedModelType, "model_type", "is " + quoted(type->text) + "; " + acceptedTypes);
  }
  std::string architecture = namedArchitecture(root, *row);
  if (architecture.empty()) {
    return false;
  }
  if (architecture != row->architecture) {
    return root.error(ErrorCode::UnsupportedArchitecture, "architectures",
                      "names " + quoted(architecture) + ", expected " + row->architecture + " for model_type " +
                          row->modelType + "; " + acceptedArchitectures);
  }
  config.architecture = row->architecture;
  config.tensorPrefix = row->tensorPrefix;
  return readQuantizationOf(root, config);
}

} // namespace lapidary
