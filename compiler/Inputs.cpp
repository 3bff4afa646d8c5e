//===- Inputs.cpp - a checkpoint directory, read and checked -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every part is read even when another was bad: people want all problems of a checkpoint at once.
//===----------------------------------------------------------------------===//
#include "compiler/Inputs.h"

#include "compiler/Console.h"
#include "frontends/tokenizer/ChatTemplate.h"
#include "frontends/tokenizer/CompileTokenizer.h"
#include "support/FileIO.h"
#include "support/Quote.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <map>

namespace lapidary {

namespace {

std::string nameOf(const std::string &directory) {
  llvm::SmallString<256> path;
  if (llvm::sys::fs::real_path(directory, path)) {
    path = directory;
  }
  return llvm::sys::path::filename(path).str();
}

bool checkDirectory(const std::string &directory, Diagnostics &diagnostics) {
  if (isDirectory(directory)) {
    return true;
  }
  bool exists = pathExists(directory);
  return diagnostics.error(ErrorCode::DirectoryNotFound,
                           quoted(directory) + (exists ? " is not a directory" : " does not exist"), directory,
                           "name the directory that holds config.json and the *.safetensors files");
}

} // namespace

std::optional<Inputs> readInputs(const std::string &directory, Diagnostics &diagnostics) {
  if (!checkDirectory(directory, diagnostics)) {
    return std::nullopt;
  }
  Inputs inputs;
  inputs.modelName = nameOf(directory);
  std::optional<ModelConfig> config = readModelConfig(directory, diagnostics);
  inputs.checkpoint = Checkpoint::open(directory, diagnostics);
  if (config && inputs.checkpoint) {
    inputs.tensors =
        resolveTextTensors(*config, *inputs.checkpoint, diagnostics, inputs.report).value_or(TextTensors());
  }
  inputs.tokenizer = compileTokenizer(directory, diagnostics).value_or(std::vector<char>());
  inputs.chatFormat = compileChatFormat(directory, diagnostics).value_or(std::vector<char>());
  if (diagnostics.hadError()) {
    return std::nullopt;
  }
  inputs.config = std::move(*config);
  return inputs;
}

bool checkShapes(const ModelConfig &config, const TargetBackend &target, Diagnostics &diagnostics) {
  std::map<std::string, uint32_t> sizes; // by field, each reported once
  for (const LayerConfig &layer : config.layers) {
    if (layer.headDim % target.headMultiple() != 0) {
      sizes[layer.global ? "the head size of full attention" : "the head size of sliding attention"] = layer.headDim;
    }
  }
  if (config.pleDim % target.headMultiple() != 0) {
    sizes["hidden_size_per_layer_input"] = config.pleDim;
  }
  for (const auto &[field, size] : sizes) {
    diagnostics.error(ErrorCode::ShapeNotOnTarget,
                      field + " is " + std::to_string(size) + ", target " + target.name().str() +
                          " needs a multiple of " + std::to_string(target.headMultiple()),
                      "config.json", "no released Gemma 4 model has such a size; check the configuration");
  }
  return sizes.empty();
}

uint64_t parameterCount(const Inputs &inputs) {
  uint64_t count = 0;
  for (const TensorRole &role : inputs.tensors.roles()) {
    uint64_t elements = 1; // sizes are within Limits.h: products fit
    for (uint64_t size : role.shape) {
      elements *= size;
    }
    count += elements;
  }
  return count;
}

std::string modelText(const Inputs &inputs) {
  std::string text;
  llvm::raw_string_ostream out(text);
  double parameters = static_cast<double>(parameterCount(inputs));
  out << inputs.modelName << ": ";
  if (parameters >= 1e8) {
    out << llvm::format("%.2f B", parameters / 1e9);
  } else {
    out << llvm::format("%.2f M", parameters / 1e6);
  }
  out << " parameters, " << inputs.config.layers.size() << " layers";
  if (inputs.config.experts) {
    out << ", " << inputs.config.experts << " experts (" << inputs.config.topExperts << " active)";
  }
  size_t shards = inputs.checkpoint->shardFiles().size();
  out << ", " << shards << (shards == 1 ? " file of " : " shards, ") << sizeText(inputs.checkpoint->totalBytes());
  return text;
}

} // namespace lapidary
