//===- Checkpoint.h - the tensors of one checkpoint directory --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Opens `model.safetensors`, or the shards named by `model.safetensors.index.json`, checks every header against the
// rules of support/ErrorCodes.def before anything is allocated, and gives named tensors with absolute byte ranges.
// Values are never loaded here: the packer reads them through `read`, in pieces, and an I/O error or a file that shrank
// is a diagnostic, never SIGBUS.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_SAFETENSORS_CHECKPOINT_H
#define LAPIDARY_FRONTENDS_SAFETENSORS_CHECKPOINT_H

#include "support/Diagnostics.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lapidary {

enum class DType { F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, Bool, F8E4M3, F8E5M2 };

/// Bytes of one element.
unsigned byteSize(DType type);
/// The safetensors spelling, "BF16".
const char *dtypeName(DType type);

/// One tensor: where its bytes are. `begin`/`end` are absolute offsets into the shard file.
struct TensorInfo {
  std::string name;
  DType dtype;
  std::vector<uint64_t> shape;
  uint32_t shard = 0;
  uint64_t begin = 0, end = 0;

  uint64_t elements() const;
};

class Checkpoint {
public:
  ~Checkpoint();
  /// Opens and validates the safetensors files of `directory`. Reports every problem found, nullptr on any error.
  static std::unique_ptr<Checkpoint> open(const std::string &directory, Diagnostics &diagnostics);

  /// The same for one file under any name.
  static std::unique_ptr<Checkpoint> openFile(const std::string &path, Diagnostics &diagnostics);

  const std::string &directory() const { return dir; }
  const std::vector<std::string> &shardFiles() const { return shards; } ///< file names inside the directory
  const std::map<std::string, TensorInfo> &tensors() const { return byName; }
  const TensorInfo *find(const std::string &name) const;
  uint64_t totalBytes() const; ///< of all shard files

  /// Reads `size` bytes at `offset` of the tensor's data into `out`. Thread safe (pread).
  bool read(const TensorInfo &tensor, uint64_t offset, void *out, uint64_t size, Diagnostics &diagnostics) const;

private:
  Checkpoint() = default;
  bool addShard(const std::string &name, bool indexed, Diagnostics &diagnostics);
  std::string dir;
  std::vector<std::string> shards;
  std::vector<int> descriptors;
  std::vector<uint64_t> sizes;
  std::map<std::string, TensorInfo> byName;
};

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_SAFETENSORS_CHECKPOINT_H
