//===- ShardHashes.h - digests of a checkpoint's files --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// With --hashes a program names the exact files it was made of.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_SHARDHASHES_H
#define LAPIDARY_COMPILER_SHARDHASHES_H

#include "compiler/Console.h"
#include "frontends/safetensors/Checkpoint.h"

#include <optional>
#include <string>
#include <vector>

namespace lapidary {

/// SHA-256 of every shard, 32 bytes each, in the checkpoint's order; reads the whole checkpoint. Reports ReadFailed.
std::optional<std::vector<std::string>> hashShards(const Checkpoint &checkpoint, Console &console,
                                                   Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_SHARDHASHES_H
