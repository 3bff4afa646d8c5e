//===- QuantizationConfig.h - how a checkpoint was quantized -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// config.json's `quantization_config` of the two methods that Google releases Gemma 4 in, as one ordered list of
// rules: module name -> width of its integers and extent of a scale. Whether the tensors agree is asked elsewhere
// (RequiredTensors.h).
//
//   "gemma"               mobile: rows of 2, 4 or 8 bits with an F32 scale, static 8-bit activations
//   "compressed-tensors"  "pack-quantized": 4 or 8 bits in 32-bit words, BF16 scales per group or row, activations as
//                         they are
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_QUANTIZATIONCONFIG_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_QUANTIZATIONCONFIG_H

#include "frontends/huggingface/ModulePattern.h"

#include <vector>

namespace lapidary {

struct WeightScheme {
  unsigned bits = 0;      ///< of one integer: 2, 4 or 8
  uint32_t groupSize = 0; ///< columns that share a scale; 0: decided by the method (a row, or an embedding's blocks)
};

struct QuantizationRule {
  ModulePattern pattern;
  WeightScheme scheme;
  std::string place; ///< "quantization_config.module_quant_configs['mlp']"
};

struct QuantizationConfig {
  enum class Method { Gemma, CompressedTensors };
  Method method = Method::Gemma;
  std::vector<QuantizationRule> rules;   ///< the first that matches decides
  std::vector<QuantizationRule> ignored; ///< modules that stay plain; their schemes mean nothing
  std::optional<WeightScheme> otherwise; ///< of matrices and tables that no rule names
  bool embeddings = true;                ///< whether tables are quantized at all

  /// How `module` is stored, nothing when it is plain.
  std::optional<WeightScheme> schemeFor(const std::string &module, ModuleKind kind) const;
  /// "gemma" or "compressed-tensors".
  const char *methodName() const;
};

/// Reads "quantization_config" of `fields`. Nothing when it is absent, or after an error: E0243 for other methods and
/// formats, E0237..E0239 and E0252..E0254 for what is inside.
std::optional<QuantizationConfig> readQuantization(const ConfigFields &fields);

/// The parts of readQuantization that know one method each; `fields` are those of the quantization_config.
void readGemmaRules(const ConfigFields &fields, QuantizationConfig &config);
void readCompressedTensorsRules(const ConfigFields &fields, QuantizationConfig &config);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_QUANTIZATIONCONFIG_H
