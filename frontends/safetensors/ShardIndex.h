//===- ShardIndex.h - model.safetensors.index.json -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Says which shard has which tensor. Names in it become file names, so they are checked before anything is opened.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_SAFETENSORS_SHARDINDEX_H
#define LAPIDARY_FRONTENDS_SAFETENSORS_SHARDINDEX_H

#include "support/Diagnostics.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lapidary {

struct ShardIndex {
  std::vector<std::string> shards;         ///< file names, sorted, each once
  std::map<std::string, uint32_t> shardOf; ///< tensor name -> position in `shards`
};

/// Reads `path`. Reports E0223..E0225 and E0230 (and what reading a file reports); std::nullopt on any error.
std::optional<ShardIndex> readShardIndex(const std::string &path, Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_SAFETENSORS_SHARDINDEX_H
