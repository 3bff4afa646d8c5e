//===- Manifest.cpp - what an emitted program is made of --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Only this file and tools/lapidary/Inspect.cpp see Protobuf.
//===----------------------------------------------------------------------===//
#include "compiler/Manifest.pb.h"
#include "compiler/ProgramDescriptor.h"
#include "lapidary/ProgramAbi.h"

#include "dialects/kernel/Kernel.h"
#include "llvm/Config/llvm-config.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <map>

namespace lapidary {

namespace {

void addShards(manifest::Model &model, const ProgramFacts &facts) {
  const std::vector<std::string> &files = facts.checkpoint->shardFiles();
  std::vector<uint64_t> sizes(files.size());
  for (const auto &entry : facts.checkpoint->tensors()) {
    sizes[entry.second.shard] = std::max(sizes[entry.second.shard], entry.second.end);
  }
  for (size_t i = 0; i < files.size(); ++i) {
    manifest::Shard *shard = model.add_shards();
    shard->set_name(files[i]);
    shard->set_bytes(sizes[i]);
    if (i < facts.shardHashes.size()) {
      shard->set_sha256(facts.shardHashes[i]);
    }
  }
}

void addFormats(manifest::Manifest &manifest, const WeightSegment &segment) {
  std::map<std::string, std::pair<uint64_t, uint64_t>> uses; // sorted: the bytes must not depend on hashing
  for (const SegmentWeight &weight : segment.weights) {
    auto &use = uses[weight.format];
    use.first += 1;
    use.second += weight.bytes;
  }
  for (const auto &[format, use] : uses) {
    manifest::FormatUse *entry = manifest.add_formats();
    entry->set_format(format);
    entry->set_weights(use.first);
    entry->set_bytes(use.second);
  }
}

void setMemory(manifest::Memory &memory, const Plan &plan) {
  memory.set_weight_bytes(plan.weightBytes);
  memory.set_resident_weight_bytes(plan.residentWeightBytes);
  memory.set_weight_bytes_per_token(plan.weightBytesPerToken);
  memory.set_cache_bytes(plan.cacheBytes);
  memory.set_arena_bytes(plan.arenaBytes);
  memory.set_lane_scratch_bytes(plan.laneScratchBytes);
}

} // namespace

std::string makeManifest(const ProgramFacts &facts) {
  manifest::Manifest manifest;
  manifest.set_lapidary_version(LAPIDARY_VERSION);
  manifest.set_llvm_version(LLVM_VERSION_STRING);
  manifest.set_abi_version(LAP_ABI_VERSION);
  manifest.set_target(facts.target);
  manifest.set_cpu_features(facts.cpuFeatures);
  manifest.set_quant(facts.quant);
  manifest.set_cache_format(facts.program.cacheElement);
  manifest.set_context(facts.program.context);
  manifest.set_chunk(facts.program.chunk);
  manifest::Model *model = manifest.mutable_model();
  model->set_name(facts.modelName);
  model->set_architecture(facts.config->architecture);
  model->set_dtype(facts.config->dtype);
  model->set_parameters(facts.parameters);
  addShards(*model, facts);
  addFormats(manifest, *facts.segment);
  setMemory(*manifest.mutable_memory(), facts.plan);
  manifest.set_licenses(facts.licenses);
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    manifest.SerializeToCodedStream(&coded);
  }
  return bytes;
}

} // namespace lapidary
