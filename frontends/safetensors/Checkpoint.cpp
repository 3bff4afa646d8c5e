//===- Checkpoint.cpp - the tensors of one checkpoint directory ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Opens every file, lets HeaderParser check it, and joins the shards. Like the reference implementation it prefers
// model.safetensors over an index when a directory has both.
//===----------------------------------------------------------------------===//
#include "frontends/safetensors/Checkpoint.h"

#include "frontends/safetensors/HeaderParser.h"
#include "frontends/safetensors/ShardIndex.h"
#include "support/CappedErrors.h"
#include "support/Checked.h"
#include "support/FileIO.h"

#include <algorithm>
#include <dirent.h>
#include <unistd.h>

namespace lapidary {

namespace {

constexpr const char *singleFile = "model.safetensors";
constexpr const char *indexFile = "model.safetensors.index.json";

/// What the directory has instead of a checkpoint, for the help line.
std::string helpForMissing(const std::string &directory) {
  bool shards = false, otherFormat = false;
  if (DIR *entries = ::opendir(directory.c_str())) {
    while (const dirent *entry = ::readdir(entries)) {
      std::string_view name = entry->d_name;
      auto endsWith = [&](std::string_view end) {
        return name.size() > end.size() && name.substr(name.size() - end.size()) == end;
      };
      shards |= endsWith(".safetensors");
      otherFormat |= endsWith(".bin") || endsWith(".gguf") || endsWith(".pt") || endsWith(".pth");
    }
    ::closedir(entries);
  }
  if (shards) {
    return std::string("there are *.safetensors files; download ") + indexFile + " as well";
  }
  return otherFormat ? "there are weights in another format; get the safetensors form of the model"
                     : "give the directory that holds config.json and the weights";
}

/// Length of the JSON header, checked against the file. Reports E0202, E0203.
std::optional<uint64_t> readHeaderLength(const OpenFile &open, const std::string &path, const std::string &file,
                                         Diagnostics &diagnostics) {
  unsigned char raw[8];
  if (open.size < sizeof raw) {
    diagnostics.error(ErrorCode::HeaderTruncated,
                      "the file has " + bytesText(open.size) +
                          ", expected at least 8: " + bytesText(sizeof raw - open.size) + " missing",
                      file, "the download is incomplete; download the file again");
    return std::nullopt;
  }
  if (!readExactly(open.descriptor.get(), raw, sizeof raw, 0, path, diagnostics)) {
    return std::nullopt;
  }
  uint64_t length = 0;
  for (unsigned i = 0; i < 8; ++i) {
    length |= static_cast<uint64_t>(raw[i]) << (8 * i);
  }
  if (length > limits::headerBytes) {
    diagnostics.error(ErrorCode::HeaderTooLarge,
                      "the header's length is " + countText(length) + ", at most " + countText(limits::headerBytes) +
                          " is accepted",
                      file + ": bytes 0..8",
                      std::string(raw, raw + 7) == "version" ? "this is a Git LFS pointer; run `git lfs pull`"
                                                             : "the file is not a safetensors file");
    return std::nullopt;
  }
  if (length > open.size - sizeof raw) {
    diagnostics.error(ErrorCode::HeaderTruncated,
                      "the header has " + bytesText(length) + ", but the file ends after " +
                          bytesText(open.size - sizeof raw) +
                          " of it: " + bytesText(length - (open.size - sizeof raw)) + " missing",
                      file, "the download is incomplete; download the file again");
    return std::nullopt;
  }
  return length;
}

/// The checked tensors of one file, offsets absolute.
std::optional<std::vector<TensorInfo>> readTensors(const OpenFile &open, const std::string &path,
                                                   const std::string &file, uint32_t shard, Diagnostics &diagnostics) {
  std::optional<uint64_t> length = readHeaderLength(open, path, file, diagnostics);
  if (!length) {
    return std::nullopt;
  }
  std::string header(static_cast<size_t>(*length), '\0');
  if (!readExactly(open.descriptor.get(), header.data(), *length, 8, path, diagnostics)) {
    return std::nullopt;
  }
  uint64_t dataStart = 8 + *length; // both far below 2^64
  auto tensors = parseSafetensorsHeader(header, open.size - dataStart, file, diagnostics);
  if (tensors) {
    for (TensorInfo &tensor : *tensors) {
      tensor.shard = shard;
      tensor.begin += dataStart; // at most the file's size: the layout was checked
      tensor.end += dataStart;
    }
  }
  return tensors;
}

/// Compares the index with what the shards hold.
void checkAgainstIndex(const ShardIndex &index, const std::map<std::string, TensorInfo> &tensors,
                       CappedErrors &errors) {
  for (const auto &[name, shard] : index.shardOf) {
    auto found = tensors.find(name);
    if (found == tensors.end() || found->second.shard != shard) {
      std::string where = found == tensors.end() ? "none" : index.shards[found->second.shard];
      errors.error(ErrorCode::IndexedTensorMissing,
                   "tensor " + quoted(name) + " is not in the shard the index names: found in " + where +
                       ", expected in " + index.shards[shard],
                   std::string(indexFile) + ", " + index.shards[shard],
                   "index and shards are from different downloads; download the directory again");
    }
  }
  for (const auto &[name, tensor] : tensors) {
    if (!index.shardOf.count(name)) {
      errors.error(ErrorCode::TensorNotIndexed,
                   "tensor " + quoted(name) + " of " + index.shards[tensor.shard] + " is not in the index",
                   std::string(indexFile) + ", " + index.shards[tensor.shard],
                   "index and shards are from different downloads; download the directory again");
    }
  }
}

/// Which files to open: the shard list of the index, or the single file. Reports E0105, E0201, W0305.
std::optional<ShardIndex> chooseFiles(const std::string &directory, bool &indexed, Diagnostics &diagnostics) {
  if (!isDirectory(directory)) {
    bool exists = pathExists(directory);
    diagnostics.error(ErrorCode::DirectoryNotFound,
                      "checkpoint directory " + quoted(directory) +
                          (exists ? " is not a directory" : " does not exist"),
                      directory, "give the directory that holds config.json and the weights");
    return std::nullopt;
  }
  bool single = pathExists(joinPath(directory, singleFile));
  indexed = !single && pathExists(joinPath(directory, indexFile));
  if (indexed) {
    return readShardIndex(joinPath(directory, indexFile), diagnostics);
  }
  if (!single) {
    diagnostics.error(ErrorCode::CheckpointMissing,
                      quoted(directory) + " has neither " + singleFile + " nor " + indexFile, directory,
                      helpForMissing(directory));
    return std::nullopt;
  }
  if (pathExists(joinPath(directory, indexFile))) {
    diagnostics.warning(ErrorCode::TwoCheckpoints,
                        std::string("both ") + singleFile + " and " + indexFile + " exist; the single file is used",
                        directory, "delete the one you do not mean");
  }
  ShardIndex index;
  index.shards.push_back(singleFile);
  return index;
}

} // namespace

uint64_t TensorInfo::elements() const { return (end - begin) / byteSize(dtype); }

Checkpoint::~Checkpoint() {
  for (int descriptor : descriptors) {
    ::close(descriptor);
  }
}

const TensorInfo *Checkpoint::find(const std::string &name) const {
  auto found = byName.find(name);
  return found == byName.end() ? nullptr : &found->second;
}

uint64_t Checkpoint::totalBytes() const {
  uint64_t total = 0;
  for (uint64_t size : sizes) {
    total += size; // sizes of open files: the sum of 4096 of them fits
  }
  return total;
}

/// Opens the file `name` as the next shard and adds its tensors. Reports every problem of the file.
bool Checkpoint::addShard(const std::string &name, bool indexed, Diagnostics &diagnostics) {
  std::string path = joinPath(dir, name);
  if (indexed && !pathExists(path)) {
    return diagnostics.error(ErrorCode::ShardMissing, "shard " + quoted(name) + " named by the index does not exist",
                             std::string(indexFile) + ", " + name, "download the missing shard");
  }
  std::optional<OpenFile> open = openForReading(path, diagnostics);
  uint32_t shard = static_cast<uint32_t>(shards.size());
  auto tensors = open ? readTensors(*open, path, name, shard, diagnostics) : std::nullopt;
  if (!tensors) {
    return false;
  }
  shards.push_back(name);
  descriptors.push_back(open->descriptor.release());
  sizes.push_back(open->size);
  CappedErrors errors(diagnostics, name);
  for (TensorInfo &tensor : *tensors) {
    auto [other, inserted] = byName.try_emplace(tensor.name);
    if (!inserted) {
      errors.error(ErrorCode::TensorInTwoShards,
                   "tensor " + quoted(tensor.name) + " is in " + shards[other->second.shard] + " and in " + name,
                   shards[other->second.shard] + ", " + name, "delete stale shards or download the directory again");
      continue;
    }
    other->second = std::move(tensor);
  }
  if (byName.size() > limits::tensors) {
    errors.error(ErrorCode::TooManyTensors,
                 "the shards list more than " + countText(limits::tensors) + " tensors together", name);
  }
  return !errors.any();
}

std::unique_ptr<Checkpoint> Checkpoint::open(const std::string &directory, Diagnostics &diagnostics) {
  bool indexed = false;
  std::optional<ShardIndex> index = chooseFiles(directory, indexed, diagnostics);
  if (!index) {
    return nullptr;
  }
  std::unique_ptr<Checkpoint> checkpoint(new Checkpoint());
  checkpoint->dir = directory;
  bool good = true;
  for (const std::string &name : index->shards) {
    good &= checkpoint->addShard(name, indexed, diagnostics);
  }
  if (good && indexed) {
    CappedErrors errors(diagnostics, indexFile);
    checkAgainstIndex(*index, checkpoint->byName, errors);
    good = !errors.any();
  }
  return good ? std::move(checkpoint) : nullptr;
}

std::unique_ptr<Checkpoint> Checkpoint::openFile(const std::string &path, Diagnostics &diagnostics) {
  std::unique_ptr<Checkpoint> checkpoint(new Checkpoint());
  size_t slash = path.rfind('/');
  checkpoint->dir = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  return checkpoint->addShard(path.substr(slash + 1), false, diagnostics) ? std::move(checkpoint) : nullptr;
}

bool Checkpoint::read(const TensorInfo &tensor, uint64_t offset, void *out, uint64_t size,
                      Diagnostics &diagnostics) const {
  std::optional<uint64_t> last = checkedAdd(offset, size);
  if (tensor.shard >= descriptors.size() || !last || *last > tensor.end - tensor.begin) {
    return diagnostics.error(ErrorCode::InternalError, "read of bytes " + std::to_string(offset) + "..+" +
                                                           std::to_string(size) + " outside tensor " +
                                                           quoted(tensor.name));
  }
  return readExactly(descriptors[tensor.shard], out, size, tensor.begin + offset, joinPath(dir, shards[tensor.shard]),
                     diagnostics);
}

} // namespace lapidary
