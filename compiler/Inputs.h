//===- Inputs.h - a checkpoint directory, read and checked ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Everything the compiler reads before it has a module; `lapidary check` and `lapidary inspect` stop here.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_INPUTS_H
#define LAPIDARY_COMPILER_INPUTS_H

#include "frontends/huggingface/ModelConfig.h"
#include "frontends/huggingface/RequiredTensors.h"
#include "frontends/safetensors/Checkpoint.h"
#include "passes/TargetBackend.h"

#include <memory>

namespace lapidary {

struct Inputs {
  std::string modelName; ///< last component of the directory's path
  ModelConfig config;
  std::unique_ptr<Checkpoint> checkpoint;
  TextTensors tensors; ///< of the text model, as they are stored
  ImportReport report;
  std::vector<char> tokenizer;  ///< lap_program.tokenizer; empty: the checkpoint has none
  std::vector<char> chatFormat; ///< lap_program.chat_format; empty: none
};

/// Reads config.json, generation_config.json, the safetensors headers, the tokenizer and the chat template of
/// `directory`. Goes on after a bad part to report what is wrong in the others; nullopt on any error.
std::optional<Inputs> readInputs(const std::string &directory, Diagnostics &diagnostics);

/// Checks that `target` has kernels for the model's shape. Reports ShapeNotOnTarget for every size that it has not.
bool checkShapes(const ModelConfig &config, const TargetBackend &target, Diagnostics &diagnostics);

/// Elements of the tensors of the text model.
uint64_t parameterCount(const Inputs &inputs);

/// "gemma-4-26B-A4B-it: 25.2 B parameters, 30 layers, 128 experts (8 active), 2 shards of 48.1 GiB".
std::string modelText(const Inputs &inputs);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_INPUTS_H
