//===- ProgramDescriptor.cpp - the constants of an emitted program ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Blobs follow the struct in the order of its fields, each at a multiple of 64 bytes (the tokenizer's tables want 8).
//===----------------------------------------------------------------------===//
#include "compiler/ProgramDescriptor.h"

#include "frontends/tokenizer/ChatTemplate.h"
#include "lapidary/ProgramAbi.h"
#include "passes/lowering/AbiArguments.h"
#include "support/FileIO.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cstring>

namespace lapidary {

namespace {

constexpr uint64_t blobAlign = 64;

/// Grows the descriptor blob by blob.
class Builder {
public:
  Builder() : bytes(sizeof(lap_program)) {}

  lap_blob add(llvm::ArrayRef<char> data) {
    if (data.empty()) {
      return {0, 0};
    }
    bytes.resize(llvm::alignTo(bytes.size(), blobAlign));
    lap_blob blob{bytes.size(), data.size()};
    bytes.insert(bytes.end(), data.begin(), data.end());
    return blob;
  }
  /// NUL-terminated; the NUL counts.
  lap_blob addString(const std::string &text) { return add(llvm::ArrayRef(text.c_str(), text.size() + 1)); }

  std::vector<char> finish(lap_program program) {
    bytes.resize(llvm::alignTo(bytes.size(), blobAlign));
    program.descriptor_bytes = static_cast<uint32_t>(bytes.size());
    std::memcpy(bytes.data(), &program, sizeof(program));
    return std::move(bytes);
  }

private:
  std::vector<char> bytes;
};

void fillModel(lap_program &program, const ProgramFacts &facts) {
  const ModelConfig &config = *facts.config;
  program.abi_version = LAP_ABI_VERSION;
  program.vocab = config.vocab;
  program.vocab_padded = static_cast<uint32_t>(llvm::alignTo(config.vocab, LAP_COLUMN_PAD));
  program.hidden = config.hidden;
  program.context = facts.program.context;
  program.chunk = facts.program.chunk;
  program.layers = static_cast<uint32_t>(config.layers.size());
  program.prompt_layers = facts.plan.promptLayers;
  program.arena_bytes = facts.plan.arenaBytes;
  program.cache_bytes = facts.plan.cacheBytes;
  program.lane_scratch_bytes = facts.plan.laneScratchBytes;
  program.weight_bytes = facts.plan.weightBytes;
  program.resident_weight_bytes = facts.plan.residentWeightBytes;
  program.weight_bytes_per_token = facts.plan.weightBytesPerToken;
}

void fillGeneration(lap_program &program, const GenerationConfig &generation) {
  program.temperature = static_cast<float>(generation.temperature);
  program.top_p = static_cast<float>(generation.topP);
  program.top_k = generation.topK;
  program.do_sample = generation.doSample;
  program.bos = generation.bos;
  program.pad = generation.pad;
  program.eos_count = static_cast<uint32_t>(std::min(generation.eos.size(), std::size(program.eos)));
  std::copy_n(generation.eos.begin(), program.eos_count, program.eos);
  program.suppress_count = static_cast<uint32_t>(std::min(generation.suppress.size(), std::size(program.suppress)));
  std::copy_n(generation.suppress.begin(), program.suppress_count, program.suppress);
}

} // namespace

std::vector<char> makeDescriptor(const ProgramFacts &facts) {
  lap_program program = {};
  fillModel(program, facts);
  fillGeneration(program, facts.config->generation);
  Builder builder;
  program.model_name = builder.addString(facts.modelName);
  program.target = builder.addString(facts.target);
  program.cpu_features = builder.addString(facts.cpuFeatures);
  program.tokenizer = builder.add(facts.tokenizer);
  program.chat_format = builder.add(facts.chatFormat);
  program.info_json = builder.addString(makeInfoJson(facts));
  std::string manifest = makeManifest(facts);
  program.manifest = builder.add(llvm::ArrayRef(manifest.data(), manifest.size()));
  program.licenses = builder.addString(facts.licenses);
  program.caches = builder.add(
      llvm::ArrayRef(reinterpret_cast<const char *>(facts.caches.data()), facts.caches.size() * sizeof(lap_cache)));
  return builder.finish(program);
}

std::vector<lap_cache> listCaches(mlir::ModuleOp module, const TargetBackend &target) {
  AbiArguments abi(module, target);
  std::vector<lap_cache> caches;
  for (auto cache : module.getOps<kernel::KvCacheOp>()) {
    caches.push_back(abi.cache(mlir::FlatSymbolRefAttr::get(cache.getSymNameAttr())));
  }
  return caches;
}

std::string makeInfoJson(const ProgramFacts &facts) {
  const ModelConfig &config = *facts.config;
  const GenerationConfig &generation = config.generation;
  llvm::json::Array eos;
  for (int32_t id : generation.eos) {
    eos.push_back(id);
  }
  llvm::json::Object object{{"model", llvm::json::fixUTF8(facts.modelName)},
                            {"architecture", config.architecture},
                            {"parameters", facts.parameters},
                            {"target", facts.target},
                            {"cpu_features", facts.cpuFeatures},
                            {"quant", facts.quant},
                            {"kv", facts.program.cacheElement},
                            {"context", facts.program.context},
                            {"chunk", facts.program.chunk},
                            {"layers", static_cast<int64_t>(config.layers.size())},
                            {"prompt_layers", facts.plan.promptLayers},
                            {"hidden", config.hidden},
                            {"vocab", config.vocab},
                            {"experts", config.experts},
                            {"weight_bytes", facts.plan.weightBytes},
                            {"resident_weight_bytes", facts.plan.residentWeightBytes},
                            {"weight_bytes_per_token", facts.plan.weightBytesPerToken},
                            {"cache_bytes", facts.plan.cacheBytes},
                            {"arena_bytes", facts.plan.arenaBytes},
                            {"tokenizer", !facts.tokenizer.empty()},
                            {"chat_format", isChatModel(facts.chatFormat)},
                            {"lapidary_version", LAPIDARY_VERSION},
                            {"sampling", llvm::json::Object{{"do_sample", generation.doSample},
                                                            {"temperature", generation.temperature},
                                                            {"top_p", generation.topP},
                                                            {"top_k", generation.topK},
                                                            {"eos", std::move(eos)}}}};
  std::string text;
  llvm::raw_string_ostream(text) << llvm::formatv("{0:2}", llvm::json::Value(std::move(object)));
  return text;
}

std::string licenseText(const std::string &modelDirectory) {
  std::string text = "Lapidary runtime: Apache-2.0, https://www.apache.org/licenses/LICENSE-2.0\n"
                     "musl libc: MIT, Copyright 2005-2020 Rich Felker, et al., https://musl.libc.org\n"
                     "compiler-rt, libc++, libunwind: Apache-2.0 WITH LLVM-exception, https://llvm.org\n"
                     "Boost (Asio, Beast): BSL-1.0, https://www.boost.org\n"
                     "JSON for Modern C++: MIT, Copyright 2013-2022 Niels Lohmann, https://json.nlohmann.me\n";
  constexpr uint64_t limit = 1u << 20;
  for (const char *name : {"LICENSE", "LICENSE.txt", "LICENSE.md"}) {
    std::string path = joinPath(modelDirectory, name);
    Diagnostics ignored; // the file is optional
    if (!pathExists(path)) {
      continue;
    }
    if (auto license = readWholeFile(path, limit, ignored)) {
      return text + "\nThe model's licence:\n\n" + *license;
    }
  }
  return text + "The model: see the licence it was published with.\n";
}

} // namespace lapidary
