//===- InspectProgram.cpp - lapidary inspect PROGRAM -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shows the manifest of a compiled program. Nothing of the program is run.
//===----------------------------------------------------------------------===//
#include "compiler/Manifest.pb.h"
#include "compiler/ProgramImage.h"
#include "tools/lapidary/Verbs.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

namespace lapidary {

namespace {

std::string hex(const std::string &bytes) { return llvm::toHex(bytes, /*LowerCase=*/true); }

llvm::json::Array shardsJson(const manifest::Model &model) {
  llvm::json::Array shards;
  for (const manifest::Shard &shard : model.shards()) {
    shards.push_back(llvm::json::Object{
        {"name", llvm::json::fixUTF8(shard.name())}, {"bytes", shard.bytes()}, {"sha256", hex(shard.sha256())}});
  }
  return shards;
}

llvm::json::Array formatsJson(const manifest::Manifest &manifest) {
  llvm::json::Array formats;
  for (const manifest::FormatUse &use : manifest.formats()) {
    formats.push_back(llvm::json::Object{{"format", use.format()}, {"weights", use.weights()}, {"bytes", use.bytes()}});
  }
  return formats;
}

void printJson(const manifest::Manifest &manifest, const std::string &weightHash) {
  const manifest::Model &model = manifest.model();
  const manifest::Memory &memory = manifest.memory();
  llvm::json::Object object{{"lapidary_version", manifest.lapidary_version()},
                            {"llvm_version", manifest.llvm_version()},
                            {"abi_version", manifest.abi_version()},
                            {"target", manifest.target()},
                            {"cpu_features", manifest.cpu_features()},
                            {"quant", manifest.quant()},
                            {"kv", manifest.cache_format()},
                            {"context", manifest.context()},
                            {"chunk", manifest.chunk()},
                            {"model", llvm::json::Object{{"name", llvm::json::fixUTF8(model.name())},
                                                         {"architecture", model.architecture()},
                                                         {"dtype", model.dtype()},
                                                         {"parameters", model.parameters()},
                                                         {"shards", shardsJson(model)}}},
                            {"formats", formatsJson(manifest)},
                            {"memory", llvm::json::Object{{"weight_bytes", memory.weight_bytes()},
                                                          {"resident_weight_bytes", memory.resident_weight_bytes()},
                                                          {"weight_bytes_per_token", memory.weight_bytes_per_token()},
                                                          {"cache_bytes", memory.cache_bytes()},
                                                          {"arena_bytes", memory.arena_bytes()},
                                                          {"lane_scratch_bytes", memory.lane_scratch_bytes()}}},
                            {"weight_sha256", weightHash},
                            {"licenses", llvm::json::fixUTF8(manifest.licenses())}};
  llvm::outs() << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(object)));
}

void printText(const manifest::Manifest &manifest, const std::string &weightHash) {
  const manifest::Model &model = manifest.model();
  const manifest::Memory &memory = manifest.memory();
  llvm::outs() << "model          " << model.name() << ", " << model.architecture() << ", " << model.dtype() << "\n"
               << "target         " << manifest.target() << "\n"
               << "needs          " << manifest.cpu_features() << "\n"
               << "formats        weights " << manifest.quant() << ", KV " << manifest.cache_format() << "\n"
               << "context        " << manifest.context() << " tokens, " << manifest.chunk() << " at once\n"
               << "weights        " << sizeText(memory.weight_bytes()) << ", "
               << sizeText(memory.resident_weight_bytes()) << " resident, " << sizeText(memory.weight_bytes_per_token())
               << " read per token\n"
               << "memory         KV " << sizeText(memory.cache_bytes()) << ", arena " << sizeText(memory.arena_bytes())
               << "\n"
               << "weight sha256  " << weightHash << "\n"
               << "compiled by    lapidary " << manifest.lapidary_version() << ", LLVM " << manifest.llvm_version()
               << "\n";
  for (const manifest::Shard &shard : model.shards()) {
    llvm::outs() << "shard          " << shard.name() << ", " << sizeText(shard.bytes())
                 << (shard.sha256().empty() ? "" : ", sha256 " + hex(shard.sha256())) << "\n";
  }
}

} // namespace

int inspectProgram(const VerbContext &context, const std::string &path) {
  std::optional<std::vector<char>> descriptor = readDescriptor(path, context.diagnostics);
  if (!descriptor) {
    return exitCode(context.diagnostics);
  }
  lap_program program;
  std::memcpy(&program, descriptor->data(), sizeof(program));
  manifest::Manifest manifest;
  if (!manifest.ParseFromArray(descriptor->data() + program.manifest.offset,
                               static_cast<int>(program.manifest.bytes))) {
    context.diagnostics.error(ErrorCode::NotAProgram, "the manifest of the program is damaged", path);
    return exitCode(context.diagnostics);
  }
  std::string hash = llvm::toHex(llvm::ArrayRef(program.weight_sha256), /*LowerCase=*/true);
  if (context.arguments.has("json")) {
    printJson(manifest, hash);
  } else {
    printText(manifest, hash);
  }
  return 0;
}

} // namespace lapidary
