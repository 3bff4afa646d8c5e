//===- Limits.h - upper bounds on everything a file can ask for --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One place for every limit on untrusted input, so that a review sees them together. Each is far above the released
// models and low enough that products of them fit 64 bits and reading stays fast.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_SUPPORT_LIMITS_H
#define LAPIDARY_SUPPORT_LIMITS_H

#include <cstdint>

namespace lapidary::limits {

// safetensors
constexpr uint64_t headerBytes = 100'000'000; ///< the format's own cap
constexpr uint64_t tensors = 1'000'000;       ///< per file
constexpr unsigned rank = 8;
constexpr uint64_t nameBytes = 1024;
constexpr unsigned headerDepth = 4; ///< JSON nesting; a valid header needs 3
constexpr uint64_t shards = 4096;
constexpr uint64_t indexBytes = headerBytes;
constexpr unsigned indexDepth = 4;

// other files, bytes
constexpr uint64_t configBytes = 4u << 20;
constexpr unsigned configDepth = 16; ///< config.json nests deeper than a header (quantization_config: 6)
constexpr uint64_t chatTemplateBytes = 1u << 20;
constexpr uint64_t tokenizerBytes = 256u << 20;

// model
constexpr uint64_t vocabulary = 1u << 20;
constexpr uint64_t layers = 1000;
constexpr uint64_t hidden = 1u << 17;
constexpr uint64_t intermediate = 1u << 20;
constexpr uint64_t heads = 1024;
constexpr uint64_t headDim = 4096;
constexpr uint64_t integerHeadDim = 512; ///< with an int8 cache: sums have 32 bits (lap::MostIntegerHeadDim)
constexpr uint64_t experts = 4096;
constexpr uint64_t perLayerDim = 4096;
constexpr uint64_t positions = 1u << 24;
constexpr uint64_t eosTokens = 16;      ///< lap_program.eos
constexpr uint64_t suppressTokens = 64; ///< lap_program.suppress

// quantization_config
constexpr uint64_t patternBytes = 1024;       ///< of one regular expression
constexpr uint64_t patterns = 256;            ///< regular expressions of one list
constexpr uint64_t otherModules = 20'000;     ///< modules outside the text model that rules are compared with
constexpr uint64_t integerColumns = 1u << 16; ///< 32-bit sums of 8-bit products: 2^7 * 2^7 * 2^16 < 2^31

// diagnostics
constexpr unsigned problemsPerFile = 20; ///< the rest is counted, not shown
constexpr unsigned namesInMessage = 5;

} // namespace lapidary::limits

#endif // LAPIDARY_SUPPORT_LIMITS_H
