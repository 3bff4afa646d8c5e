//===- StorageSummary.cpp - what a checkpoint's weights are stored in --------===//
// SPDX-License-Identifier: Apache-2.0
//
// Parts are told apart by the names of gemma4-spec 2.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/StorageSummary.h"

namespace lapidary {

namespace {

/// Order of the parts in the summary, and what their names contain; the first that fits counts.
struct PartName {
  const char *name, *contained;
};
constexpr PartName partNames[] = {
    {"per-layer table", "embed_tokens_per_layer"},
    {"embedding", "embed_tokens"},
    {"attention", ".self_attn."},
    {"mlp", ".mlp."},
    {"router", ".router."},
    {"experts", ".experts."},
    {"per-layer matrices", "per_layer_"},
    {"lm_head", "lm_head"},
};
constexpr const char *rest = "norms and scalars";

const char *partOf(const TensorRole &role) {
  if (role.shape.size() == 1) {
    return rest;
  }
  for (const PartName &part : partNames) {
    if (role.name.find(part.contained) != std::string::npos) {
      return part.name;
    }
  }
  return rest;
}

uint64_t bytesOf(const Checkpoint &checkpoint, const std::string &name) {
  const TensorInfo *tensor = checkpoint.find(name);
  return tensor ? tensor->end - tensor->begin : 0;
}

/// The role's bytes in the file, with everything that belongs to it.
uint64_t storedBytes(const Checkpoint &checkpoint, const TensorRole &role) {
  uint64_t bytes = bytesOf(checkpoint, role.tensor);
  if (role.quantized) {
    bytes += bytesOf(checkpoint, role.quantized->scales);
    for (const char *suffix : {".input_activation_scale", ".output_activation_scale", ".weight_shape"}) {
      bytes += bytesOf(checkpoint, role.module() + suffix);
    }
  }
  return bytes;
}

unsigned bitsOf(const Checkpoint &checkpoint, const TensorRole &role) {
  const TensorInfo *tensor = checkpoint.find(role.tensor);
  return role.quantized ? role.quantized->bits : tensor ? 8 * byteSize(tensor->dtype) : 0;
}

void countRange(StorageSummary::Ranges &ranges, bool calibrated) {
  ++ranges.all;
  ranges.calibrated += calibrated;
}

void addTo(StorageSummary &summary, const char *name, unsigned bits, uint64_t bytes) {
  auto part = summary.parts.begin();
  while (part != summary.parts.end() && !(part->name == name && part->bits == bits)) {
    ++part;
  }
  if (part == summary.parts.end()) {
    part = summary.parts.insert(part, {name, bits, 0, 0});
  }
  ++part->tensors;
  part->bytes += bytes;
  summary.bytes += bytes;
}

/// The parts in the order of partNames, each with its narrow tensors first.
std::vector<StorageSummary::Part> sorted(const std::vector<StorageSummary::Part> &parts) {
  std::vector<const char *> names;
  for (const PartName &part : partNames) {
    names.push_back(part.name);
  }
  names.push_back(rest);
  std::vector<StorageSummary::Part> out;
  for (const char *name : names) {
    for (unsigned bits : {2, 4, 8, 16, 32}) {
      for (const StorageSummary::Part &part : parts) {
        if (part.name == name && part.bits == bits) {
          out.push_back(part);
        }
      }
    }
  }
  return out;
}

} // namespace

StorageSummary summarizeStorage(const ModelConfig &config, const Checkpoint &checkpoint, const TextTensors &tensors) {
  StorageSummary summary;
  for (const TensorRole &role : tensors.roles()) {
    addTo(summary, partOf(role), bitsOf(checkpoint, role), storedBytes(checkpoint, role));
    if (role.quantized && role.kind() == ModuleKind::Linear && !role.quantized->wideActivations) {
      countRange(summary.inputs, role.quantized->inputStep > 0);
      countRange(summary.outputs, role.quantized->outputStep > 0);
    }
  }
  for (size_t i = 0; i < tensors.caches().size(); ++i) {
    if (config.layers[i].ownsKv) {
      countRange(summary.caches, tensors.caches()[i].key && tensors.caches()[i].value);
    }
  }
  summary.parts = sorted(summary.parts);
  return summary;
}

} // namespace lapidary
