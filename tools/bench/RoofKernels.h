// RoofKernels.h - the loops that machine-roof times.
// SPDX-License-Identifier: Apache-2.0
//
// Chosen at run time by what the CPU has, so that the tool needs no -march=native.
#ifndef LAPIDARY_TOOLS_BENCH_ROOFKERNELS_H
#define LAPIDARY_TOOLS_BENCH_ROOFKERNELS_H

#include <cstdint>
#include <vector>

namespace lapidary::roof {

constexpr uint64_t StripBytes = 512; // what a reader takes from one stream before it goes to the next

/// Reads `bytes` (a multiple of streams * StripBytes) from `memory` (64-byte aligned): the range is cut into `streams`
/// equal parts that advance together. `prefetch` asks for lines a few strips ahead.
struct Reader {
  uint32_t streams;
  bool prefetch;
  void (*read)(const uint8_t *memory, uint64_t bytes);
};

/// Every combination of 1, 2, 4 or 8 streams, with and without prefetch, for the widest vectors of this CPU.
std::vector<Reader> readers();

/// A loop of independent int8 dot products on registers. run == nullptr: no loop for this CPU.
struct DotLoop {
  const char *instruction;
  uint64_t operationsPerRound; // a multiply-add is two
  void (*run)(uint64_t rounds);
};

DotLoop dotLoop();

} // namespace lapidary::roof

#endif // LAPIDARY_TOOLS_BENCH_ROOFKERNELS_H
