//===- RuleCoverage.cpp - rules that match nothing ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A misspelled rule leaves its modules to the next one, and with it their width. Rules are compared with every module
// of the text model, used or not, and with what else is in the file.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/QuantizedTensors.h"

#include <algorithm>
#include <set>

namespace lapidary {

namespace {

using Modules = std::vector<std::pair<std::string, ModuleKind>>;

/// Matrices and tables of the text model, with those that sharing layers never read, and lm_head.
Modules textModules(const ModelConfig &config, const std::vector<TensorRole> &roles) {
  Modules modules = {{"lm_head", ModuleKind::Linear}};
  for (const TensorRole &role : roles) {
    if (role.kind() != ModuleKind::Other) {
      modules.emplace_back(role.module(), role.kind());
    }
  }
  for (unsigned i = 0; i < config.layers.size(); ++i) {
    if (!config.layers[i].ownsKv) {
      modules.emplace_back(layerTensor(config, i, "self_attn.k_proj"), ModuleKind::Linear);
      modules.emplace_back(layerTensor(config, i, "self_attn.v_proj"), ModuleKind::Linear);
    }
  }
  return modules;
}

/// Modules of everything in the file, so that rules for towers find them.
Modules fileModules(const Checkpoint &checkpoint) {
  std::set<std::string> names;
  for (const auto &[name, tensor] : checkpoint.tensors()) {
    names.insert(name.substr(0, name.rfind('.')));
    if (names.size() == limits::otherModules) {
      break;
    }
  }
  Modules modules;
  for (const std::string &name : names) {
    modules.emplace_back(name, ModuleKind::Linear);
  }
  return modules;
}

bool matchesAny(const ModulePattern &pattern, const Modules &modules) {
  return std::any_of(modules.begin(), modules.end(),
                     [&](const auto &module) { return pattern.matches(module.first, module.second); });
}

class Coverage {
public:
  Coverage(const ModelConfig &config, const Checkpoint &checkpoint, const std::vector<TensorRole> &roles)
      : text(textModules(config, roles)), checkpoint(checkpoint) {}

  bool covered(const ModulePattern &pattern) {
    if (matchesAny(pattern, text)) {
      return true;
    }
    if (inFile.empty()) {
      inFile = fileModules(checkpoint);
    }
    // A hostile file with more modules than these gets no complaint; its rules are harmless all the same.
    return inFile.size() == limits::otherModules || matchesAny(pattern, inFile);
  }

private:
  Modules text, inFile;
  const Checkpoint &checkpoint;
};

} // namespace

void checkRuleCoverage(const ModelConfig &config, const Checkpoint &checkpoint, const std::vector<TensorRole> &roles,
                       CappedErrors &errors, Diagnostics &diagnostics) {
  Coverage coverage(config, checkpoint, roles);
  std::vector<std::string> idle;
  for (const QuantizationRule &rule : config.quantization->rules) {
    if (coverage.covered(rule.pattern)) {
      continue;
    }
    if (rule.pattern.mentionsTower()) {
      idle.push_back(rule.place);
      continue;
    }
    errors.error(ErrorCode::QuantizationRuleUnused,
                 rule.place + " matches no module of the model, expected a pattern that does, such as 'mlp\\.'",
                 "config.json: quantization_config", "correct the pattern, or delete the rule");
  }
  for (const QuantizationRule &rule : config.quantization->ignored) {
    if (!coverage.covered(rule.pattern)) {
      idle.push_back(rule.place);
    }
  }
  if (idle.empty()) {
    return;
  }
  std::string names;
  for (size_t i = 0; i < idle.size() && i < limits::namesInMessage; ++i) {
    names += (i ? "; " : "") + idle[i];
  }
  diagnostics.warning(ErrorCode::QuantizationRuleIdle,
                      countText(idle.size()) + (idle.size() == 1 ? " rule matches" : " rules match") +
                          " no module in the file: " + names + (idle.size() > limits::namesInMessage ? "; ..." : ""),
                      "config.json: quantization_config");
}

} // namespace lapidary
