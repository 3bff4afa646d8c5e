//===- Observe.h - second moments of the inputs of products ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A step whose `observer` is set adds, for every weight that a product reads, X^T X of the product's input rows X to
// that weight's moments (ProgramAbi.h has the layout). The compiler packs weights better when it knows them; nothing
// else in a program needs this, so the drivers only test one pointer.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CPU_OBSERVE_H
#define LAPIDARY_RUNTIME_CPU_OBSERVE_H

#include "lapidary/ProgramAbi.h"

#include <pthread.h>

namespace lap {

/// The moments of one weight's input. Only pairs (i, j >= i rounded down to 8) are valid until finishMoments.
struct Moments {
  uint64_t weight; // lap_weight.offset
  uint32_t columns;
  uint64_t rows; // input rows seen
  float *values; // [columns][lap_moment_stride(columns)]
};

inline uint64_t momentBytes(uint32_t columns) { return uint64_t(columns) * lap_moment_stride(columns) * sizeof(float); }

/// Adds all rows of `x`, the input of a product with `weight`; `inputStep` is the scale of i8 rows. Every lane calls
/// this; lanes split the moments, and each moment sums the rows in order.
void observe(const lap_step *step, const lap_weight &weight, const lap_buffer &x, float inputStep, uint32_t lane,
             uint32_t lanes);

/// Fills the other triangle of every block.
void finishMoments(const Moments &moments);

} // namespace lap

/// Grows as weights are seen first. Out of memory sets `missing` and loses weights, so that lanes need no error path.
struct lap_observer {
  lap_observer() { pthread_mutex_init(&mutex, nullptr); }
  ~lap_observer();
  lap_observer(const lap_observer &) = delete;
  lap_observer &operator=(const lap_observer &) = delete;

  /// The moments of a weight, zero at first; null if there is no memory. From any lane.
  lap::Moments *find(const lap_weight &weight);

  lap::Moments *add(const lap_weight &weight);

  pthread_mutex_t mutex;
  lap::Moments **entries = nullptr; // each allocated alone: lanes keep pointers while the list grows
  uint32_t count = 0;
  uint64_t missing = 0; // bytes of the first weight there was no memory for
};

#endif // LAPIDARY_RUNTIME_CPU_OBSERVE_H
