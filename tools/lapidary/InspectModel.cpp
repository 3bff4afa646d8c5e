//===- InspectModel.cpp - lapidary inspect MODEL_DIR --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Architecture, sizes, how the weights are stored, and on request every tensor.
//===----------------------------------------------------------------------===//
#include "compiler/Console.h"
#include "compiler/Inputs.h"
#include "frontends/huggingface/StorageSummary.h"
#include "frontends/tokenizer/ChatTemplate.h"
#include "support/Quote.h"
#include "tools/lapidary/Verbs.h"

#include "llvm/Support/Format.h"
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

llvm::json::Object rangesJson(const StorageSummary::Ranges &ranges) {
  return llvm::json::Object{{"calibrated", ranges.calibrated}, {"of", ranges.all}};
}

/// null for a plain checkpoint.
llvm::json::Value quantizationJson(const Inputs &inputs) {
  if (!inputs.config.quantization) {
    return nullptr;
  }
  StorageSummary summary = summarizeStorage(inputs.config, *inputs.checkpoint, inputs.tensors);
  llvm::json::Array parts;
  for (const StorageSummary::Part &part : summary.parts) {
    parts.push_back(
        llvm::json::Object{{"part", part.name}, {"bits", part.bits}, {"tensors", part.tensors}, {"bytes", part.bytes}});
  }
  return llvm::json::Object{{"method", inputs.config.quantization->methodName()},
                            {"weights", std::move(parts)},
                            {"input_ranges", rangesJson(summary.inputs)},
                            {"output_ranges", rangesJson(summary.outputs)},
                            {"cache_ranges", rangesJson(summary.caches)}};
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
                            {"quantization", quantizationJson(inputs)},
                            {"tokenizer", !inputs.tokenizer.empty()},
                            {"chat_format", isChatModel(inputs.chatFormat)},
                            {"bytes", inputs.checkpoint->totalBytes()},
                            {"shards", static_cast<int64_t>(inputs.checkpoint->shardFiles().size())}};
  if (tensors) {
    object["tensors"] = tensorsJson(*inputs.checkpoint);
  }
  llvm::outs() << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(object)));
}

std::string rangesText(const char *what, const StorageSummary::Ranges &ranges) {
  return std::string(what) + " " + countText(ranges.calibrated) + " of " + countText(ranges.all);
}

/// The method, one line per part and width, and the static ranges.
void printQuantization(const Inputs &inputs) {
  StorageSummary summary = summarizeStorage(inputs.config, *inputs.checkpoint, inputs.tensors);
  bool gemma = inputs.config.quantization->method == QuantizationConfig::Method::Gemma;
  llvm::outs() << "quantization   " << inputs.config.quantization->methodName()
               << (gemma ? ": rows of integers" : ": packed integers, activations as they are") << "\n";
  for (const StorageSummary::Part &part : summary.parts) {
    double share = 100.0 * static_cast<double>(part.bytes) / static_cast<double>(summary.bytes);
    llvm::outs() << llvm::format("  %-18s %2u bits  %5.1f %%  ", part.name, part.bits, share) << sizeText(part.bytes)
                 << " in " << countText(part.tensors) << (part.tensors == 1 ? " tensor\n" : " tensors\n");
  }
  if (gemma) {
    llvm::outs() << "static ranges  " << rangesText("inputs", summary.inputs) << ", "
                 << rangesText("outputs", summary.outputs) << ", " << rangesText("caches", summary.caches) << "\n";
  }
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
               << sizeText(inputs.report.used.bytes) << "\n";
  if (config.quantization) {
    printQuantization(inputs);
  }
  llvm::outs() << "not compiled   vision " << sizeText(inputs.report.vision.bytes) << ", audio "
               << sizeText(inputs.report.audio.bytes) << ", never read " << sizeText(inputs.report.dead.bytes)
               << ", unknown " << sizeText(inputs.report.unknown.bytes) << "\n"
               << "tokenizer      " << (inputs.tokenizer.empty() ? "none" : sizeText(inputs.tokenizer.size())) << "\n"
               << "chat format    " << (isChatModel(inputs.chatFormat) ? "yes" : "none") << "\n";
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
