//===- Graphs.cpp - calls that are captured once and replayed --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Graphs.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Graphs.h"

#include <stdlib.h>
#include <string.h>

namespace lap::cuda {

namespace {
constexpr uint32_t LeastReach = 512;
constexpr uint32_t MostRows = 64; // of a captured call; more rows keep the GPU busy enough
} // namespace

Graphs::Graphs() {
  const char *text = getenv("LAPIDARY_CUDA_GRAPH");
  on = !text || strcmp(text, "0") != 0;
}

Graphs::Entry *Graphs::entryOf(const GraphKey &key) {
  for (uint32_t i = 0; i < count; ++i) {
    if (entries[i].key == key) {
      entries[i].used = ++clock;
      return &entries[i];
    }
  }
  return nullptr;
}

GraphExec Graphs::find(const GraphKey &key) {
  const Entry *entry = entryOf(key);
  return entry ? entry->graph : nullptr;
}

bool Graphs::hasRun(const Driver &driver, const GraphKey &key) {
  const bool known = entryOf(key) != nullptr;
  if (!known) {
    add(driver, key, nullptr);
  }
  return known;
}

void Graphs::add(const Driver &driver, const GraphKey &key, GraphExec graph) {
  Entry *chosen = entryOf(key);
  if (!chosen && count < Most) {
    chosen = &entries[count++];
  }
  if (!chosen) {
    chosen = entries;
    for (Entry &entry : entries) {
      chosen = entry.used < chosen->used ? &entry : chosen;
    }
  }
  if (chosen->graph) {
    driver.graphExecDestroy(chosen->graph);
  }
  *chosen = {key, graph, ++clock};
}

void Graphs::close(const Driver &driver) {
  for (uint32_t i = 0; i < count; ++i) {
    if (entries[i].graph) {
      driver.graphExecDestroy(entries[i].graph);
    }
  }
  count = 0;
  on = false;
}

uint32_t capturedReach(uint32_t reach, uint32_t context) {
  uint64_t rounded = LeastReach;
  while (rounded < reach) {
    rounded *= 2;
  }
  return rounded < context ? static_cast<uint32_t>(rounded) : context;
}

bool isCaptured(lap_program_fn *function, uint32_t tokens, bool severalSequences) {
  return severalSequences ? tokens <= MostRows : tokens == 1 && function == lap_program_step;
}

} // namespace lap::cuda
