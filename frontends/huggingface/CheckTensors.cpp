//===- CheckTensors.cpp - compares the checkpoint with what the model needs ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// First what each module is (plain or quantized, by the rules alone), then every required tensor, then every tensor of
// the file that was not required: dead K/V, towers, or unknown. A misspelled tensor is both missing and unknown, so the
// missing one suggests the unknown name.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/QuantizedTensors.h"

#include "support/Suggest.h"

#include <set>

namespace lapidary {

namespace {

bool startsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

void count(ImportReport::Part &part, const TensorInfo &tensor) {
  ++part.tensors;
  part.bytes += tensor.end - tensor.begin; // ranges of one file do not overlap: the sum is at most the files' sizes
}

class TensorChecker {
public:
  TensorChecker(const ModelConfig &config, const Checkpoint &checkpoint, Diagnostics &diagnostics, ImportReport &report)
      : config(config), checkpoint(checkpoint), diagnostics(diagnostics), report(report),
        errors(diagnostics, checkpoint.directory()), errorsBefore(diagnostics.errorCount()) {}

  std::optional<TextTensors> run() {
    report = ImportReport();
    report.untiedHead =
        checkpoint.find(headTensor) || checkpoint.find("lm_head.weight_packed") || !config.tiedEmbeddings;
    if (!prefixFits()) {
      return std::nullopt;
    }
    std::vector<TensorRole> roles = requiredTextTensors(config, report.untiedHead);
    if (config.quantization) {
      quantized.emplace(config, checkpoint, errors, diagnostics);
      checkRuleCoverage(config, checkpoint, roles, errors, diagnostics);
    }
    nameRequired(roles);
    classifyOthers();
    for (TensorRole &role : roles) {
      resolveRole(role);
    }
    std::vector<CacheSteps> caches(config.layers.size());
    for (unsigned i = 0; quantized && i < caches.size(); ++i) {
      caches[i] = config.layers[i].ownsKv ? quantized->cacheSteps(i) : CacheSteps();
    }
    warnAboutOthers();
    // Reading values reports beside `errors`: compare the total.
    if (errors.any() || diagnostics.errorCount() != errorsBefore) {
      return std::nullopt;
    }
    return TextTensors(std::move(roles), std::move(caches));
  }

private:
  /// The embedding under the other architecture's name means that config.json and weights do not belong together.
  bool prefixFits() {
    std::string otherPrefix = config.tensorPrefix == "model." ? "model.language_model." : "model.", here;
    const TensorInfo *other = nullptr;
    for (const char *embedding :
         {"embed_tokens.weight", "embed_tokens.embedding_quantized", "embed_tokens.weight_packed"}) {
      if (checkpoint.find(modelTensor(config, embedding))) {
        return true;
      }
      if (!other && (other = checkpoint.find(otherPrefix + embedding))) {
        here = modelTensor(config, embedding);
      }
    }
    if (!other) {
      return true;
    }
    return errors.error(ErrorCode::WrongTensorPrefix,
                        "tensor " + quoted(other->name) + " found, expected " + quoted(here) + " for " +
                            config.architecture,
                        shardOf(*other), "use the config.json that was saved together with these weights");
  }

  const std::string &shardOf(const TensorInfo &tensor) const { return checkpoint.shardFiles()[tensor.shard]; }

  /// Names of the tensors that are the model's own, and of modules that nobody reads.
  void nameRequired(const std::vector<TensorRole> &roles) {
    for (const TensorRole &role : roles) {
      required.insert(role.name);
      for (const std::string &name : quantized ? quantized->namesOf(role) : std::vector<std::string>()) {
        required.insert(name);
      }
    }
    for (unsigned i = 0; i < config.layers.size(); ++i) {
      bool owns = config.layers[i].ownsKv;
      for (const char *suffix : {"self_attn.k_cache_scale", "self_attn.v_cache_scale"}) {
        if (config.quantization) {
          (owns ? required : dead).insert(layerTensor(config, i, suffix));
        }
      }
      for (const char *suffix : {"self_attn.k_proj", "self_attn.k_norm", "self_attn.v_proj"}) {
        if (!owns) {
          dead.insert(layerTensor(config, i, suffix));
        }
      }
    }
  }

  bool isDead(const std::string &name) const { return dead.count(name) || dead.count(name.substr(0, name.rfind('.'))); }

  /// Counts everything in the file.
  void classifyOthers() {
    for (const auto &[name, tensor] : checkpoint.tensors()) {
      if (required.count(name)) {
        count(report.used, tensor);
        continue;
      }
      if (isDead(name)) {
        count(report.dead, tensor);
      } else if (startsWith(name, "model.vision_tower.") || startsWith(name, "model.embed_vision.")) {
        count(report.vision, tensor);
      } else if (startsWith(name, "model.audio_tower.") || startsWith(name, "model.embed_audio.")) {
        count(report.audio, tensor);
      } else {
        count(report.unknown, tensor);
        if (unknownNames.size() < limits::problemsPerFile) {
          unknownNames.push_back(name);
        }
      }
    }
  }

  /// Checks the role's tensors as the rules say they are stored.
  void resolveRole(TensorRole &role) {
    if (!quantized) {
      checkPlain(role);
      return;
    }
    std::optional<WeightScheme> scheme = config.quantization->schemeFor(role.module(), role.kind());
    if (scheme) {
      quantized->resolve(role, *scheme);
    } else if (role.kind() == ModuleKind::Other || quantized->expectPlain(role)) {
      checkPlain(role);
    }
  }

  void checkPlain(const TensorRole &role) {
    const TensorInfo *tensor = checkpoint.find(role.name);
    if (!tensor) {
      std::string help = errors.full() ? "" : didYouMean(role.name, unknownNames);
      errors.error(ErrorCode::TensorMissing,
                   "tensor " + quoted(role.name) + " is missing: found none, expected " + shapeText(role.shape),
                   placeOfAll(checkpoint), help);
      return;
    }
    bool packed = tensor->dtype == DType::U8 || tensor->dtype == DType::I8 || tensor->dtype == DType::I32;
    if (tensor->shape != role.shape && !packed) {
      errors.error(ErrorCode::TensorShape,
                   "tensor " + quoted(role.name) + " has shape " + shapeText(tensor->shape) + ", expected " +
                       shapeText(role.shape),
                   shardOf(*tensor), "config.json and the weights must be from the same model");
    }
    if (tensor->dtype != DType::BF16 && tensor->dtype != DType::F32) {
      errors.error(ErrorCode::TensorDType,
                   "tensor " + quoted(role.name) + " has dtype " + dtypeName(tensor->dtype) + ", expected BF16 or F32",
                   shardOf(*tensor),
                   packed && !quantized
                       ? "config.json has no quantization_config to say what the integers mean; use the "
                         "one that was saved together with these weights"
                       : "convert the checkpoint to bfloat16 with transformers");
    }
  }

  void warnAboutTower(const char *what, const ImportReport::Part &part) {
    if (part.tensors) {
      diagnostics.warning(ErrorCode::TowersNotCompiled,
                          std::string("the ") + what + " part is not compiled yet: " + countText(part.tensors) +
                              " tensors, " + bytesText(part.bytes) + " left out",
                          placeOfAll(checkpoint), "the program will understand text only");
    }
  }

  void warnAboutOthers() {
    warnAboutTower("vision", report.vision);
    warnAboutTower("audio", report.audio);
    if (!report.unknown.tensors) {
      return;
    }
    std::vector<std::string> known(required.begin(), required.end());
    std::string names;
    for (size_t i = 0; i < unknownNames.size() && i < limits::namesInMessage; ++i) {
      std::optional<std::string> match = closestMatch(unknownNames[i], known);
      names += (i ? ", " : "") + quoted(unknownNames[i]) + (match ? " (did you mean " + quoted(*match) + "?)" : "");
    }
    names += report.unknown.tensors > limits::namesInMessage ? ", ..." : "";
    diagnostics.warning(ErrorCode::UnknownTensors,
                        countText(report.unknown.tensors) + (report.unknown.tensors == 1 ? " tensor" : " tensors") +
                            " (" + bytesText(report.unknown.bytes) + ") unknown and left out: " + names,
                        placeOfAll(checkpoint));
  }

  const ModelConfig &config;
  const Checkpoint &checkpoint;
  Diagnostics &diagnostics;
  ImportReport &report;
  CappedErrors errors;
  unsigned errorsBefore;
  std::optional<QuantizedTensors> quantized;
  std::set<std::string> required;        ///< names of tensors
  std::set<std::string> dead;            ///< names of modules and tensors that no layer reads
  std::vector<std::string> unknownNames; ///< the first few
};

} // namespace

std::optional<TextTensors> resolveTextTensors(const ModelConfig &config, const Checkpoint &checkpoint,
                                              Diagnostics &diagnostics, ImportReport &report) {
  return TensorChecker(config, checkpoint, diagnostics, report).run();
}

bool checkTextTensors(const ModelConfig &config, const Checkpoint &checkpoint, Diagnostics &diagnostics,
                      ImportReport &report) {
  return resolveTextTensors(config, checkpoint, diagnostics, report).has_value();
}

} // namespace lapidary
