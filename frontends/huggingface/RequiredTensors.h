//===- RequiredTensors.h - config.json and weights must agree -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The list of tensors the text model needs, with the shapes config.json implies (gemma4-spec 2), and its comparison
// with what the checkpoint has, plain or quantized. The importer works from the resolved list, so it never meets a
// tensor that is missing or misshapen, nor a scale that is not a number.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_REQUIREDTENSORS_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_REQUIREDTENSORS_H

#include "frontends/huggingface/ModelConfig.h"
#include "frontends/safetensors/Checkpoint.h"

#include <map>
#include <string_view>

namespace lapidary {

/// How the integers of a matrix or table lie in the checkpoint. Values of less than 8 bits are packed, the first value
/// in the lowest bits; weight = integer * scale.
struct QuantizedStorage {
  unsigned bits = 0;         ///< of one integer: 2, 4 or 8
  bool offsetBinary = false; ///< stored as integer + 2^(bits-1); false: two's complement int8
  uint64_t rows = 0, columns = 0;
  uint64_t rowBytes = 0;        ///< distance of two rows in the tensor
  std::string scales;           ///< name of the tensor with the scales, [rows, columns / scaleColumns]
  DType scaleType = DType::F32; ///< F32 or BF16
  uint64_t scaleColumns = 0;    ///< columns that share a scale; == columns: one scale per row
  float inputStep = 0;          ///< static 8-bit range of the module's input; 0: not rounded
  float outputStep = 0;         ///< the same of its output
  bool wideActivations = false; ///< compressed-tensors: activations stay as precise as they are
};

/// One tensor the text model reads. `layer` is -1 for tensors of the whole model.
struct TensorRole {
  std::string name;            ///< "model.language_model.layers.0.mlp.up_proj.weight", whatever the file calls it
  std::vector<uint64_t> shape; ///< of the values, not of packed bytes
  int layer = -1;
  std::string tensor;                        ///< its name in the file, for example "...up_proj.weight_packed"
  std::optional<QuantizedStorage> quantized; ///< nothing: BF16 or F32 values

  /// Module name: `name` without ".weight".
  std::string module() const;
  /// What a quantization rule takes it for.
  ModuleKind kind() const;
};

/// Static 8-bit ranges of a layer's key/value cache, where the checkpoint has them.
struct CacheSteps {
  std::optional<float> key, value;
};

/// Every tensor of the text model, found, checked and described.
class TextTensors {
public:
  TextTensors() = default;
  TextTensors(std::vector<TensorRole> roles, std::vector<CacheSteps> caches);

  const std::vector<TensorRole> &roles() const { return all; }          ///< in the order of the computation
  const std::vector<CacheSteps> &caches() const { return layerCaches; } ///< one per layer; empty in sharing layers
  /// The tensor with this logical name, nullptr when the model has none.
  const TensorRole *find(const std::string &name) const;
  bool anyQuantized() const;

private:
  std::vector<TensorRole> all;
  std::vector<CacheSteps> layerCaches;
  std::map<std::string, size_t> byName;
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
  bool untiedHead = false; ///< the checkpoint has a matrix of lm_head: it is used instead of the embedding
};

/// "model.language_model.layers.3.mlp.up_proj.weight" for layer 3, suffix "mlp.up_proj.weight".
std::string layerTensor(const ModelConfig &config, unsigned layer, std::string_view suffix);
/// "model.language_model.norm.weight" for suffix "norm.weight".
std::string modelTensor(const ModelConfig &config, std::string_view suffix);
/// Name of the output matrix when it is not tied: the same in both architectures.
constexpr const char *headTensor = "lm_head.weight";

/// Every tensor the text model reads, in the order of the computation, all of them plain. lm_head.weight [vocab,
/// hidden] is included only when `untiedHead`.
std::vector<TensorRole> requiredTextTensors(const ModelConfig &config, bool untiedHead);

/// Finds every tensor of the text model in the checkpoint. Plain ones must have their exact shape, as BF16 or F32;
/// those that config.quantization names must have integers and scales that fit it, with finite scales above zero (their
/// values are read). Reports E0254..E0269, E0290, E0291 (every problem, twenty shown), W0302 for towers, W0303 for
/// unknown tensors and W0306 for idle rules; fills `report`. Nothing after an error.
std::optional<TextTensors> resolveTextTensors(const ModelConfig &config, const Checkpoint &checkpoint,
                                              Diagnostics &diagnostics, ImportReport &report);

/// The same, for those who only want to know whether all is well.
bool checkTextTensors(const ModelConfig &config, const Checkpoint &checkpoint, Diagnostics &diagnostics,
                      ImportReport &report);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_REQUIREDTENSORS_H
