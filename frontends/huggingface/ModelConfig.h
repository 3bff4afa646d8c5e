//===- ModelConfig.h - what config.json and generation_config.json say -----===//
// SPDX-License-Identifier: Apache-2.0
//
// One validated description of the text model, the same for Gemma4ForConditionalGeneration (`text_config`) and
// Gemma4ForCausalLM (fields at top level), for the old head fields and for `per_layer_config`. Everything the importer
// needs per layer is resolved here (gemma4-spec 1.1, 2, 4), so that nobody else interprets configuration.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_MODELCONFIG_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_MODELCONFIG_H

#include "frontends/huggingface/QuantizationConfig.h"
#include "support/Diagnostics.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lapidary {

/// Rotary embedding of one layer kind: angle of pair j at position p is p * theta^(-2j/headDim) / factor for
/// j < rotatedPairs, 0 for the rest (pairs j and j + headDim/2; "proportional" rotates only the first pairs).
struct RotaryConfig {
  double theta = 10000.0;
  double factor = 1.0;
  uint32_t rotatedPairs = 0;
};

struct LayerConfig {
  bool global = false; ///< full_attention, else sliding_attention
  uint32_t headDim = 0;
  uint32_t kvHeads = 0;
  uint32_t intermediate = 0; ///< width of the (dense) MLP
  bool ownsKv = true;
  uint32_t kvSource = 0;   ///< layer whose K/V this layer reads (itself when it owns them)
  bool keyIsValue = false; ///< no v_proj: V is the raw K projection, normed
  RotaryConfig rotary;
};

struct GenerationConfig {
  bool doSample = false;
  double temperature = 1.0;
  double topP = 1.0;
  uint32_t topK = 0; ///< 0 = off
  uint32_t bos = 2, pad = 0;
  std::vector<int32_t> eos;
  std::vector<int32_t> suppress;
};

struct ModelConfig {
  std::string architecture; ///< Gemma4ForConditionalGeneration or Gemma4ForCausalLM
  std::string tensorPrefix; ///< "model.language_model." or "model."
  std::string dtype;        ///< of config.json; informative
  uint32_t vocab = 0, hidden = 0, heads = 0;
  uint32_t window = 0, maxPositions = 0;
  double rmsEps = 1e-6;
  double finalSoftcap = 0; ///< 0 = none
  bool tiedEmbeddings = true;
  uint32_t pleVocab = 0, pleDim = 0;                            ///< pleDim 0 = no PLE
  uint32_t experts = 0, topExperts = 0, expertIntermediate = 0; ///< experts 0 = dense
  std::vector<LayerConfig> layers;
  bool hasVision = false, hasAudio = false;
  std::vector<int32_t> placeholderIds;            ///< image, audio, video tokens (informative)
  std::optional<QuantizationConfig> quantization; ///< how the weights are stored; nothing: all plain
  GenerationConfig generation;
};

/// Reads and validates DIRECTORY/config.json and generation_config.json (optional). Reports every problem with the
/// field's name, the value found and what is accepted; nullopt on any error.
std::optional<ModelConfig> readModelConfig(const std::string &directory, Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_MODELCONFIG_H
