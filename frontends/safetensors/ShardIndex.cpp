//===- ShardIndex.cpp - model.safetensors.index.json -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Only "weight_map" is used. "metadata" (sizes, informative) is often wrong in published files and is ignored.
//===----------------------------------------------------------------------===//
#include "frontends/safetensors/ShardIndex.h"

#include "support/CappedErrors.h"
#include "support/FileIO.h"
#include "support/Json.h"
#include "support/Limits.h"

namespace lapidary {

namespace {

constexpr std::string_view extension = ".safetensors";

/// A plain file name: no separators, no drive letters, no control characters, ending in ".safetensors".
bool safeShardName(const std::string &name) {
  if (name.size() <= extension.size() || name.size() > 255 || name.front() == '.') {
    return false;
  }
  for (unsigned char c : name) {
    if (c < 0x20 || c == 0x7f || c == '/' || c == '\\' || c == ':') {
      return false;
    }
  }
  return std::string_view(name).substr(name.size() - extension.size()) == extension;
}

ErrorCode codeOf(JsonError::Kind kind) {
  return kind == JsonError::Kind::DuplicateKey ? ErrorCode::IndexDuplicate
         : kind == JsonError::Kind::TooDeep    ? ErrorCode::HeaderTooDeep
                                               : ErrorCode::IndexSyntax;
}

std::string fileNameOf(const std::string &path) { return path.substr(path.rfind('/') + 1); }

/// Fills index.shardOf with positions in order of first appearance, then sorts the shards.
bool collect(const JsonValue &map, const std::string &file, ShardIndex &index, CappedErrors &errors) {
  std::map<std::string, uint32_t> positions;
  for (const JsonValue &shard : map.items) {
    if (!shard.is(JsonValue::Kind::String)) {
      errors.error(ErrorCode::IndexSyntax, "weight_map has a value that is " + shard.describe() + ", expected a string",
                   file);
    } else if (positions.emplace(shard.text, 0).second && !safeShardName(shard.text)) {
      errors.error(ErrorCode::ShardNameUnsafe,
                   "weight_map names the shard " + quoted(shard.text) +
                       ", expected a plain *.safetensors file name beside the index",
                   file, "do not use this checkpoint unless you know how its index was made");
    }
    if (positions.size() > limits::shards) {
      return errors.error(ErrorCode::TooManyShards,
                          "weight_map names more than " + countText(limits::shards) + " shards", file);
    }
  }
  for (auto &[name, position] : positions) {
    position = static_cast<uint32_t>(index.shards.size());
    index.shards.push_back(name);
  }
  for (size_t i = 0; i < map.items.size() && !errors.any(); ++i) {
    index.shardOf.emplace(map.keys[i], positions[map.items[i].text]);
  }
  return !errors.any();
}

} // namespace

std::optional<ShardIndex> readShardIndex(const std::string &path, Diagnostics &diagnostics) {
  std::optional<std::string> text = readWholeFile(path, limits::indexBytes, diagnostics);
  if (!text) {
    return std::nullopt;
  }
  std::string file = fileNameOf(path);
  CappedErrors errors(diagnostics, file);
  JsonError error;
  std::optional<JsonValue> root = parseJson(*text, limits::indexDepth, error);
  if (!root) {
    std::string where = error.position ? file + ": " + lineAndColumn(*text, error.position) : file;
    errors.error(codeOf(error.kind), "the shard index is not valid: " + error.message, where);
    return std::nullopt;
  }
  const JsonValue *map = root->find("weight_map");
  if (!map || !map->is(JsonValue::Kind::Object) || map->items.empty()) {
    std::string found = map ? map->describe() : "none";
    errors.error(ErrorCode::IndexSyntax,
                 "the shard index needs \"weight_map\", an object that names each tensor's shard; found " + found,
                 file);
    return std::nullopt;
  }
  ShardIndex index;
  if (!collect(*map, file, index, errors)) {
    return std::nullopt;
  }
  return index;
}

} // namespace lapidary
