//===- Observer.cpp - histograms, and where they and the moments live -----===//
// SPDX-License-Identifier: Apache-2.0
//
// Lists are short (some hundred products) and searched once for an op and lane.
//===----------------------------------------------------------------------===//
#include "Observe.h"

#include "Work.h"

#include <stdlib.h>
#include <string.h>

namespace lap {

void countMagnitudes(const float *values, uint64_t count, uint32_t *counts) {
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t bits;
    memcpy(&bits, values + i, sizeof(bits));
    const int32_t place = static_cast<int32_t>((bits & 0x7fffffffu) >> 20) - LAP_RANGE_FIRST;
    uint32_t &bin = counts[place < 0 ? 0 : place < LAP_RANGE_BINS ? place : LAP_RANGE_BINS - 1];
    bin += bin != UINT32_MAX;
  }
}

void observeOutput(const lap_step *step, const lap_weight &weight, const lap_buffer &out, uint32_t first,
                   uint32_t end) {
  Ranges *ranges = step->observer->find(RangeOf::Output, weight.offset, weight.rows / LAP_ROW_TILE);
  for (uint32_t row = 0; ranges && row < rowsOf(step, out); ++row) {
    const float *values = rowFloats(step, out, row);
    for (uint32_t tile = first; tile < end; ++tile) {
      countMagnitudes(values + uint64_t(tile) * LAP_ROW_TILE, LAP_ROW_TILE,
                      ranges->counts + uint64_t(tile) * LAP_RANGE_BINS);
    }
  }
}

void observeCache(const lap_step *step, const lap_cache &cache, const lap_buffer &rows, RangeOf kind, Range items) {
  Ranges *ranges = step->observer->find(kind, cache.key_offset, 1);
  if (!ranges) {
    return;
  }
  uint32_t counts[LAP_RANGE_BINS] = {};
  for (uint64_t item = items.begin; item < items.end; ++item) {
    const uint64_t head = item % cache.kv_heads;
    countMagnitudes(rowFloats(step, rows, item / cache.kv_heads) + head * cache.head_dim, cache.head_dim, counts);
  }
  step->observer->add(*ranges, counts);
}

namespace {

/// A new last entry of `list`, uninitialized, and `bytes` of zeros for it; null and `missing` set without memory.
template <typename Entry, typename Value>
Entry *append(Entry **&list, uint32_t &count, uint64_t bytes, Value *&out_values, uint64_t &missing) {
  Entry **larger = missing ? nullptr : static_cast<Entry **>(realloc(list, (count + 1) * sizeof(Entry *)));
  list = larger ? larger : list;
  Entry *entry = larger ? static_cast<Entry *>(malloc(sizeof(Entry))) : nullptr;
  out_values = entry && bytes <= SIZE_MAX ? static_cast<Value *>(calloc(1, bytes)) : nullptr;
  if (!out_values) {
    free(entry);
    missing = missing ? missing : bytes;
    return nullptr;
  }
  list[count++] = entry;
  return entry;
}

/// -1, 0 or 1, as qsort wants it.
int compare(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

int compareMoments(const void *a, const void *b) {
  return compare((*static_cast<Moments *const *>(a))->weight, (*static_cast<Moments *const *>(b))->weight);
}

int compareRanges(const void *a, const void *b) {
  const Ranges &first = **static_cast<Ranges *const *>(a), &second = **static_cast<Ranges *const *>(b);
  return first.kind == second.kind ? compare(first.place, second.place)
                                   : compare(uint64_t(first.kind), uint64_t(second.kind));
}

} // namespace

} // namespace lap

lap_observer::~lap_observer() {
  for (uint32_t i = 0; i < count; ++i) {
    free(entries[i]->values);
    free(entries[i]);
  }
  for (uint32_t i = 0; i < rangeCount; ++i) {
    free(ranges[i]->counts);
    free(ranges[i]);
  }
  free(entries);
  free(ranges);
  pthread_mutex_destroy(&mutex);
}

lap::Moments *lap_observer::find(const lap_weight &weight) {
  pthread_mutex_lock(&mutex);
  lap::Moments *found = nullptr;
  for (uint32_t i = 0; i < count && !found; ++i) {
    found = entries[i]->weight == weight.offset ? entries[i] : nullptr;
  }
  found = found ? found : add(weight);
  pthread_mutex_unlock(&mutex);
  return found;
}

lap::Ranges *lap_observer::find(lap::RangeOf kind, uint64_t place, uint32_t parts) {
  pthread_mutex_lock(&mutex);
  lap::Ranges *found = nullptr;
  for (uint32_t i = 0; i < rangeCount && !found; ++i) {
    found = ranges[i]->place == place && ranges[i]->kind == kind ? ranges[i] : nullptr;
  }
  found = found ? found : add(kind, place, parts);
  pthread_mutex_unlock(&mutex);
  return found;
}

void lap_observer::add(lap::Ranges &ranges, const uint32_t *counts) {
  pthread_mutex_lock(&mutex);
  for (uint32_t bin = 0; bin < LAP_RANGE_BINS; ++bin) {
    const uint32_t room = UINT32_MAX - ranges.counts[bin];
    ranges.counts[bin] += counts[bin] < room ? counts[bin] : room;
  }
  pthread_mutex_unlock(&mutex);
}

void lap_observer::sort() {
  if (count > 1) {
    qsort(entries, count, sizeof(*entries), lap::compareMoments);
  }
  if (rangeCount > 1) {
    qsort(ranges, rangeCount, sizeof(*ranges), lap::compareRanges);
  }
}

lap::Moments *lap_observer::add(const lap_weight &weight) {
  float *values = nullptr;
  lap::Moments *entry = lap::append(entries, count, lap::momentBytes(weight.columns), values, missing);
  if (entry) {
    *entry = {weight.offset, weight.columns, 0, values};
  }
  return entry;
}

lap::Ranges *lap_observer::add(lap::RangeOf kind, uint64_t place, uint32_t parts) {
  uint32_t *counts = nullptr;
  lap::Ranges *entry = lap::append(ranges, rangeCount, lap::rangeBytes(parts), counts, missing);
  if (entry) {
    *entry = {kind, place, parts, counts};
  }
  return entry;
}
