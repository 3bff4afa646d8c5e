//===- ProgramDescriptor.h - the constants of an emitted program -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Fills lap_program (ProgramAbi.h) and the blobs behind it: everything the runtime must know that is not code.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_PROGRAMDESCRIPTOR_H
#define LAPIDARY_COMPILER_PROGRAMDESCRIPTOR_H

#include "compiler/Plan.h"
#include "frontends/huggingface/ModelConfig.h"
#include "lapidary/ProgramAbi.h"

namespace lapidary {

/// What the driver knows when it emits.
struct ProgramFacts {
  std::string modelName; ///< name of the checkpoint directory
  const ModelConfig *config = nullptr;
  const Checkpoint *checkpoint = nullptr;
  const WeightSegment *segment = nullptr;
  Plan plan;
  ProgramOptions program;
  std::string target, cpuFeatures; ///< of the TargetBackend
  std::string quant;
  std::vector<char> tokenizer;   ///< empty: none
  std::vector<char> chatFormat;  ///< empty: none
  std::vector<lap_cache> caches; ///< of a sequence
  std::string licenses;
  std::vector<std::string> shardHashes; ///< 32 bytes each, or empty
  uint64_t parameters = 0;              ///< of the text model
};

/// The serialized Protobuf manifest; the same facts give the same bytes.
std::string makeManifest(const ProgramFacts &facts);

/// The descriptor with its blobs, 8-byte aligned inside; weight_sha256 is zero until it is known.
std::vector<char> makeDescriptor(const ProgramFacts &facts);

/// The planned caches of a lowered module.
std::vector<lap_cache> listCaches(mlir::ModuleOp module, const TargetBackend &target);

/// What `info --json` prints.
std::string makeInfoJson(const ProgramFacts &facts);

/// Text shown by --licenses: Lapidary, what its runtime is linked with, and the model's own licence file if it has one.
std::string licenseText(const std::string &modelDirectory);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_PROGRAMDESCRIPTOR_H
