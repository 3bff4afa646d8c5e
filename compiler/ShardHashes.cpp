//===- ShardHashes.cpp - digests of a checkpoint's files ------------------------===//
// SPDX-License-Identifier: Apache-2.0
#include "compiler/ShardHashes.h"

#include "compiler/Hash.h"
#include "support/FileIO.h"

namespace lapidary {

std::optional<std::vector<std::string>> hashShards(const Checkpoint &checkpoint, Console &console,
                                                   Diagnostics &diagnostics) {
  std::vector<std::string> hashes;
  std::vector<uint8_t> buffer(8u << 20);
  console.beginProgress("hashes", checkpoint.totalBytes());
  for (const std::string &name : checkpoint.shardFiles()) {
    std::string path = joinPath(checkpoint.directory(), name);
    std::optional<OpenFile> file = openForReading(path, diagnostics);
    if (!file) {
      return std::nullopt;
    }
    Sha256Stream hash;
    for (uint64_t done = 0; done < file->size;) {
      uint64_t piece = std::min<uint64_t>(buffer.size(), file->size - done);
      if (!readExactly(file->descriptor.get(), buffer.data(), piece, done, path, diagnostics)) {
        return std::nullopt;
      }
      hash.update(llvm::ArrayRef(buffer).take_front(piece));
      console.advance(piece);
      done += piece;
    }
    Sha256 result = hash.finish();
    hashes.emplace_back(result.begin(), result.end());
  }
  console.endProgress();
  return hashes;
}

} // namespace lapidary
