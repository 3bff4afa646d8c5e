//===- RequiredTensors.h - config.json and weights must agree -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The list of tensors the text model needs, with the shapes config.json implies (gemma4-spec 2), and its comparison
// with what the checkpoint has. The importer uses the same names, so it never meets a tensor that is missing or
// misshapen.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_REQUIREDTENSORS_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_REQUIREDTENSORS_H

#include "frontends/huggingface/ModelConfig.h"
#include "frontends/safetensors/Checkpoint.h"

#include <string_view>

namespace lapidary {

/// One tensor the text model reads. `layer` is -1 for tensors of the whole model.
struct TensorRole {
  std::string name;
  std::vector<uint64_t> shape;
  int layer = -1;
};

/// What of the checkpoint is compiled and what is not.
struct ImportReport {
  struct Part {
    uint64_t tensors = 0, bytes = 0;
  };
  Part used;               ///< the text model
  Part dead;               ///< K/V tensors of layers that share K/V: in the file, never read
  Part vision;             ///< vision_tower and embed_vision, not compiled yet
  Part audio;              ///< audio_tower and embed_audio, not compiled yet
  Part unknown;            ///< anything else
  bool untiedHead = false; ///< the checkpoint has lm_head.weight: it is used instead of the embedding
};

/// "model.language_model.layers.3.mlp.up_proj.weight" for layer 3, suffix "mlp.up_proj.weight".
std::string layerTensor(const ModelConfig &config, unsigned layer, std::string_view suffix);
/// "model.language_model.norm.weight" for suffix "norm.weight".
std::string modelTensor(const ModelConfig &config, std::string_view suffix);
/// Name of the output matrix when it is not tied: the same in both architectures.
constexpr const char *headTensor = "lm_head.weight";

/// Every tensor the text model reads, in the order of the computation. lm_head.weight [vocab, hidden] is included only
/// when `untiedHead`.
std::vector<TensorRole> requiredTextTensors(const ModelConfig &config, bool untiedHead);

/// Compares the checkpoint with requiredTextTensors: each must exist with its exact shape, as BF16 or F32. Reports
/// E0255..E0258 (every problem, twenty shown), W0302 for towers and W0303 for unknown tensors; fills `report`.
bool checkTextTensors(const ModelConfig &config, const Checkpoint &checkpoint, Diagnostics &diagnostics,
                      ImportReport &report);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_REQUIREDTENSORS_H
