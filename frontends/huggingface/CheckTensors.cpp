//===- CheckTensors.cpp - compares the checkpoint with what the model needs ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// First every required tensor, then every tensor of the file that was not required: dead K/V, towers, or unknown. A
// misspelled tensor is both missing and unknown, so the missing one suggests the unknown name.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/RequiredTensors.h"

#include "support/CappedErrors.h"
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
        errors(diagnostics, checkpoint.directory()) {}

  bool run() {
    report = ImportReport();
    report.untiedHead = checkpoint.find(headTensor) || !config.tiedEmbeddings;
    if (!prefixFits()) {
      return false;
    }
    std::vector<TensorRole> roles = requiredTextTensors(config, report.untiedHead);
    for (const TensorRole &role : roles) {
      required.insert(role.name);
    }
    classifyOthers();
    for (const TensorRole &role : roles) {
      checkRole(role);
    }
    warnAboutOthers();
    return !errors.any();
  }

private:
  /// The embedding under the other architecture's name means that config.json and weights do not belong together.
  bool prefixFits() {
    constexpr const char *embedding = "embed_tokens.weight";
    std::string here = modelTensor(config, embedding);
    std::string otherPrefix = config.tensorPrefix == "model." ? "model.language_model." : "model.";
    const TensorInfo *other = checkpoint.find(otherPrefix + embedding);
    if (checkpoint.find(here) || !other) {
      return true;
    }
    return errors.error(ErrorCode::WrongTensorPrefix,
                        "tensor " + quoted(other->name) + " found, expected " + quoted(here) + " for " +
                            config.architecture,
                        shardOf(*other), "use the config.json that was saved together with these weights");
  }

  const std::string &shardOf(const TensorInfo &tensor) const { return checkpoint.shardFiles()[tensor.shard]; }

  /// Counts everything in the file that no role names.
  void classifyOthers() {
    for (unsigned i = 0; i < config.layers.size(); ++i) {
      if (!config.layers[i].ownsKv) {
        for (const char *suffix : {"self_attn.k_proj.weight", "self_attn.k_norm.weight", "self_attn.v_proj.weight"}) {
          dead.insert(layerTensor(config, i, suffix));
        }
      }
    }
    for (const auto &[name, tensor] : checkpoint.tensors()) {
      if (required.count(name)) {
        continue;
      }
      if (dead.count(name)) {
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

  void checkRole(const TensorRole &role) {
    const TensorInfo *tensor = checkpoint.find(role.name);
    if (!tensor) {
      std::string help = errors.full() ? "" : didYouMean(role.name, unknownNames);
      errors.error(ErrorCode::TensorMissing,
                   "tensor " + quoted(role.name) + " is missing: found none, expected " + shapeText(role.shape),
                   placeOfAll(), help);
      return;
    }
    count(report.used, *tensor);
    if (tensor->shape != role.shape) {
      errors.error(ErrorCode::TensorShape,
                   "tensor " + quoted(role.name) + " has shape " + shapeText(tensor->shape) + ", expected " +
                       shapeText(role.shape),
                   shardOf(*tensor), "config.json and the weights must be from the same model");
    }
    if (tensor->dtype != DType::BF16 && tensor->dtype != DType::F32) {
      errors.error(ErrorCode::TensorDType,
                   "tensor " + quoted(role.name) + " has dtype " + dtypeName(tensor->dtype) + ", expected BF16 or F32",
                   shardOf(*tensor), "convert the checkpoint to bfloat16 with transformers");
    }
  }

  std::string placeOfAll() const {
    const std::vector<std::string> &shards = checkpoint.shardFiles();
    return shards.size() == 1 ? shards[0] : shards[0] + " and " + std::to_string(shards.size() - 1) + " more shards";
  }

  void warnAboutTower(const char *what, const ImportReport::Part &part) {
    if (part.tensors) {
      diagnostics.warning(ErrorCode::TowersNotCompiled,
                          std::string("the ") + what + " part is not compiled yet: " + countText(part.tensors) +
                              " tensors, " + bytesText(part.bytes) + " left out",
                          placeOfAll(), "the program will understand text only");
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
                        placeOfAll());
  }

  const ModelConfig &config;
  const Checkpoint &checkpoint;
  Diagnostics &diagnostics;
  ImportReport &report;
  CappedErrors errors;
  std::set<std::string> required, dead;
  std::vector<std::string> unknownNames; ///< the first few
};

} // namespace

bool checkTextTensors(const ModelConfig &config, const Checkpoint &checkpoint, Diagnostics &diagnostics,
                      ImportReport &report) {
  return TensorChecker(config, checkpoint, diagnostics, report).run();
}

} // namespace lapidary
