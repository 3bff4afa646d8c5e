//===- Graphs.h - calls that are captured once and replayed ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A decode step enqueues hundreds of short kernels, which takes the host longer than the GPU needs to run them. A CUDA
// graph holds them all and is launched at once. Nothing in a call of few rows depends on the position but what is read
// from the block that the graph itself copies, and the number of attention slices: that is why the reach of a captured
// call is rounded up to a power of two, and there is a graph for each.
//
// The first call of a kind runs without one: the driver may load a kernel's code when it is first launched, which
// cannot be captured (CUDA programming guide, "Lazy Loading"), and many kinds of calls come only once.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CUDA_GRAPHS_H
#define LAPIDARY_RUNTIME_CUDA_GRAPHS_H

#include "lapidary/ProgramAbi.h"
#include "runtime/src/cuda/Driver.h"

namespace lap::cuda {

/// What a captured call depends on, beside the group that it is of.
struct GraphKey {
  lap_program_fn *function;
  const float *logits; // on the GPU
  uint32_t tokens, reach;
  bool searches; // the logits, afterwards

  bool operator==(const GraphKey &) const = default;
};

/// A group's graphs; when there are too many, the one used least recently is given up.
class Graphs {
public:
  /// LAPIDARY_CUDA_GRAPH=0 in the environment: none.
  Graphs();
  bool enabled() const { return on; }

  /// The graph of `key`, null if there is none.
  GraphExec find(const GraphKey &key);
  /// Whether a call of `key` has run before (and is remembered); from now on it has.
  bool hasRun(const Driver &driver, const GraphKey &key);
  void add(const Driver &driver, const GraphKey &key, GraphExec graph);
  /// Gives all up and captures no more.
  void close(const Driver &driver);

private:
  struct Entry {
    GraphKey key;
    GraphExec graph; // null: nothing was captured so far
    uint64_t used;
  };
  Entry *entryOf(const GraphKey &key);
  enum { Most = 32 };
  Entry entries[Most] = {};
  uint32_t count = 0;
  uint64_t clock = 0;
  bool on;
};

/// `reach` as a captured call has it, at most `context`.
uint32_t capturedReach(uint32_t reach, uint32_t context);

/// Whether calls of the function with so many rows are captured: one row of `step`, or rows of several sequences.
bool isCaptured(lap_program_fn *function, uint32_t tokens, bool severalSequences);

} // namespace lap::cuda

#endif // LAPIDARY_RUNTIME_CUDA_GRAPHS_H
