//===- HeaderParser.h - one safetensors header, checked before use --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Works on bytes in memory, so that the mutation test needs no files. Every rule of the format and the stricter ones
// of support/ErrorCodes.def (duplicate names, padding, rank, name length) are applied here; after it succeeds, offsets
// and sizes can be used without further checks.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_SAFETENSORS_HEADERPARSER_H
#define LAPIDARY_FRONTENDS_SAFETENSORS_HEADERPARSER_H

#include "frontends/safetensors/Checkpoint.h"

#include <optional>
#include <string_view>

namespace lapidary {

/// Parses `header` (the N bytes after the length) of a file whose data section has `dataBytes` bytes. Returns the
/// tensors sorted by name, offsets relative to the data section, shard 0. `file` names the file in messages.
/// Reports every problem (E0204..E0222) and returns std::nullopt when there was one. Time O(n log n), one pass.
std::optional<std::vector<TensorInfo>> parseSafetensorsHeader(std::string_view header, uint64_t dataBytes,
                                                              const std::string &file, Diagnostics &diagnostics);

/// The type whose safetensors spelling is `name`, std::nullopt when unknown.
std::optional<DType> dtypeFromName(std::string_view name);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_SAFETENSORS_HEADERPARSER_H
