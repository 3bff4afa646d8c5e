//===- InspectModel.cpp - lapidary inspect MODEL_DIR --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Architecture, sizes, and on request every tensor.
//===----------------------------------------------------------------------===//
#include "compiler/Inputs.h"
#include "support/Quote.h"
#include "tools/lapidary/Verbs.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace lapidary {

namespace {

void printTensors(const Checkpoint &checkpoint) {
  for (const auto &[name, tensor] : checkpoint.tensors()) {
    llvm::outs() << name << "\t" << dtypeName(tensor.dtype) << "\t" << shapeText(tensor.shape) << "\t"
                 << checkpoint.shardFiles()[tensor.shard] << "\n";
  }
}

llvm::json::Array tensorsJson(const Checkpoint &checkpoint) {
  llvm::json::Array array;
  for (const auto &[name, tensor] : checkpoint.tensors()) {
    llvm::json::Array shape;
    for (uint64_t size : tensor.shape) {
      shape.push_back(size);
    }
    array.push_back(llvm::json::Object{{"name", llvm::json::fixUTF8(name)},
                                       {"dtype", dtypeName(tensor.dtype)},
                                       {"shape", std::move(shape)},
                                       {"shard", checkpoint.shardFiles()[tensor.shard]},
                                       {"begin", tensor.begin},
                                       {"end", tensor.end}});
  }
  return array;
}

unsigned globalLayers(const ModelConfig &config) {
  unsigned count = 0;
  for (const LayerConfig &layer : config.layers) {
    count += layer.global;
  }
  return count;
}

void printJson(const Inputs &inputs, bool tensors) {
  const ModelConfig &config = inputs.config;
  llvm::json::Object object{{"model", llvm::json::fixUTF8(inputs.modelName)},
                            {"architecture", config.architecture},
                            {"dtype", config.dtype},
                            {"parameters", parameterCount(inputs)},
                            {"layers", static_cast<int64_t>(config.layers.size())},
                            {"global_layers", globalLayers(config)},
                            {"hidden", config.hidden},
                            {"heads", config.heads},
                            {"vocab", config.vocab},
                            {"window", config.window},
                            {"max_positions", config.maxPositions},
                            {"experts", config.experts},
                            {"top_experts", config.topExperts},
                            {"per_layer_dim", config.pleDim},
                            {"vision", config.hasVision},
                            {"audio", config.hasAudio},
                            {"tokenizer", !inputs.tokenizer.empty()},
                            {"chat_format", !inputs.chatFormat.empty()},
                            {"bytes", inputs.checkpoint->totalBytes()},
                            {"shards", static_cast<int64_t>(inputs.checkpoint->shardFiles().size())}};
  if (tensors) {
    object["tensors"] = tensorsJson(*inputs.checkpoint);
  }
  llvm::outs() << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(object)));
}

void printText(const Inputs &inputs) {
  const ModelConfig &config = inputs.config;
  llvm::outs() << modelText(inputs) << "\n"
               << "architecture   " << config.architecture << ", " << config.dtype << "\n"
               << "layers         " << config.layers.size() << ", " << globalLayers(config)
               << " with full attention, window " << config.window << "\n"
               << "hidden         " << config.hidden << ", " << config.heads << " heads, vocabulary "
               << countText(config.vocab) << "\n"
               << "positions      " << countText(config.maxPositions) << "\n"
               << "text model     " << countText(inputs.report.used.tensors) << " tensors, "
               << sizeText(inputs.report.used.bytes) << "\n"
               << "not compiled   vision " << sizeText(inputs.report.vision.bytes) << ", audio "
               << sizeText(inputs.report.audio.bytes) << ", never read " << sizeText(inputs.report.dead.bytes)
               << ", unknown " << sizeText(inputs.report.unknown.bytes) << "\n"
               << "tokenizer      " << (inputs.tokenizer.empty() ? "none" : sizeText(inputs.tokenizer.size())) << "\n"
               << "chat format    " << (inputs.chatFormat.empty() ? "none" : "yes") << "\n";
}

} // namespace

int inspectModel(const VerbContext &context, const std::string &directory) {
  Diagnostics &diagnostics = context.diagnostics;
  std::optional<Inputs> inputs = readInputs(directory, diagnostics);
  if (!inputs) {
    return exitCode(diagnostics);
  }
  bool tensors = context.arguments.has("tensors");
  if (context.arguments.has("json")) {
    printJson(*inputs, tensors);
  } else {
    printText(*inputs);
    if (tensors) {
      printTensors(*inputs->checkpoint);
    }
  }
  if (context.arguments.has("strict") && !diagnostics.all().empty()) {
    diagnostics.error(ErrorCode::WarningsAreErrors, "there were warnings");
  }
  return exitCode(diagnostics);
}

} // namespace lapidary
