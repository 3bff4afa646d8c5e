//===- Metrics.h - what /metrics tells ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Counters of the server since its start; written by any thread.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_METRICS_H
#define LAPIDARY_RUNTIME_SERVER_METRICS_H

#include <atomic>
#include <cstdint>
#include <string>

namespace lap::server {

struct Metrics {
  std::atomic<uint64_t> requests{0}, refused{0}, cancelled{0}, failed{0};
  std::atomic<uint64_t> promptTokens{0}, reusedTokens{0}, generatedTokens{0};
  std::atomic<uint64_t> steps{0}, stepRows{0}; // decode steps, and sequences in them
  std::atomic<uint64_t> guesses{0}, rightGuesses{0};
  std::atomic<uint64_t> firstTokens{0}, firstTokenMicroseconds{0};
  std::atomic<uint64_t> decodeMicroseconds{0}, promptMicroseconds{0};
  std::atomic<uint32_t> waiting{0}, running{0}, connections{0};

  /// Prometheus text format, version 0.0.4.
  std::string text() const;
};

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_METRICS_H
