//===- ModelConfigParts.h - the steps of readModelConfig ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// readModelConfig is a sequence: which architecture, sizes of the whole model, each layer, generation defaults. Every
// step fills its part of ModelConfig and reports through the CappedErrors inside its ConfigFields.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_MODELCONFIGPARTS_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_MODELCONFIGPARTS_H

#include "frontends/huggingface/ConfigFields.h"
#include "frontends/huggingface/ModelConfig.h"

namespace lapidary {

/// Fills config.architecture, tensorPrefix and quantization, and refuses other models (E0240..E0243, E0252..E0254).
/// `root` is config.json.
bool readArchitecture(const ConfigFields &root, ModelConfig &config);

/// Fills config.layers from the text model's fields (gemma4-spec 1.1, 4.3..4.5); config.heads must be set. Reports
/// E0237..E0250 and W0304; on errors the layers may be incomplete.
void readLayers(const ConfigFields &text, ModelConfig &config, Diagnostics &diagnostics);

/// Rotary parameters of one kind of layer as config.json gives them, before they meet a head size.
struct RotaryFields {
  double theta = 10000.0;
  double factor = 1.0;
  double partial = 1.0; ///< share of the pairs that is rotated
};

/// "rope_parameters".KIND, KIND being sliding_attention or full_attention; the defaults of the architecture when
/// there is no "rope_parameters". Reports E0237, E0245 and wrong types or ranges.
RotaryFields readRotary(const ConfigFields &text, const std::string &kind);

/// The rotary embedding of one head of `headDim` elements.
RotaryConfig rotaryFor(const RotaryFields &fields, uint32_t headDim);

/// Fills config.generation from generation_config.json (`generation`, may be null), then config.json, then the text
/// model's fields; config.vocab must be set. Reports E0251 and wrong types or ranges.
void readGeneration(const ConfigFields *generation, const ConfigFields &root, const ConfigFields &text,
                    ModelConfig &config);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_MODELCONFIGPARTS_H
