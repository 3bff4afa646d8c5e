//===- Observe.h - what products and caches see ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A step whose `observer` is set adds, for every weight that a product reads, X^T X of the product's input rows X to
// that weight's moments, and counts the magnitudes of inputs, outputs, keys and values (ProgramAbi.h has the layouts).
// The compiler packs weights better when it knows the moments, and chooses static ranges by the counts; nothing else
// in a program needs this, so the drivers only test one pointer.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CPU_OBSERVE_H
#define LAPIDARY_RUNTIME_CPU_OBSERVE_H

#include "Work.h"

#include <pthread.h>

namespace lap {

/// The moments of one weight's input. Only pairs (i, j >= i rounded down to 8) are valid until finishMoments.
struct Moments {
  uint64_t weight; // lap_weight.offset
  uint32_t columns;
  uint64_t rows; // input rows seen
  float *values; // [columns][lap_moment_stride(columns)]
};

/// What a histogram counts; the letters name the tensors that the command `observe` writes.
enum class RangeOf : char { Input = 'x', Output = 'y', Keys = 'k', Values = 'v' };

/// Histograms of magnitudes. A count that is full stays so.
struct Ranges {
  RangeOf kind;
  uint64_t place;   // lap_weight.offset or lap_cache.key_offset
  uint32_t parts;   // tiles of an output, otherwise 1
  uint32_t *counts; // [parts][LAP_RANGE_BINS]
};

inline uint64_t rangeBytes(uint32_t parts) { return uint64_t(parts) * LAP_RANGE_BINS * sizeof(uint32_t); }

inline uint64_t momentBytes(uint32_t columns) { return uint64_t(columns) * lap_moment_stride(columns) * sizeof(float); }

/// Adds `count` values to one histogram.
void countMagnitudes(const float *values, uint64_t count, uint32_t *counts);

/// Adds all rows of `x`, the input of a product with `weight`; `inputStep` is the scale of i8 rows. Every lane calls
/// this; lanes split the moments, and each moment sums the rows in order. The first lane counts magnitudes.
void observe(const lap_step *step, const lap_weight &weight, const lap_buffer &x, float inputStep, uint32_t lane,
             uint32_t lanes);

/// Counts the tiles [first, end) of all rows of a product's output. One lane for a tile.
void observeOutput(const lap_step *step, const lap_weight &weight, const lap_buffer &out, uint32_t first, uint32_t end);

/// Counts the heads `items` of the keys or values that one cache is given; item row * kv_heads + head. Every lane calls
/// this for the items it appends: no other lane's are ready without a barrier.
void observeCache(const lap_step *step, const lap_cache &cache, const lap_buffer &rows, RangeOf kind, Range items);

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

  /// The same for the histograms of `parts` parts.
  lap::Ranges *find(lap::RangeOf kind, uint64_t place, uint32_t parts);

  /// Adds `counts` [LAP_RANGE_BINS] to a histogram of one part that several lanes count in; from any lane.
  void add(lap::Ranges &ranges, const uint32_t *counts);

  /// Orders both lists by kind and place: lanes that run different ops append in no order of their own.
  void sort();

  lap::Moments *add(const lap_weight &weight);
  lap::Ranges *add(lap::RangeOf kind, uint64_t place, uint32_t parts);

  pthread_mutex_t mutex;
  lap::Moments **entries = nullptr; // each allocated alone: lanes keep pointers while the list grows
  uint32_t count = 0;
  lap::Ranges **ranges = nullptr; // likewise
  uint32_t rangeCount = 0;
  uint64_t missing = 0; // bytes of the first weight there was no memory for
};

#endif // LAPIDARY_RUNTIME_CPU_OBSERVE_H
