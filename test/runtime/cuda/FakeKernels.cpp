//===- FakeKernels.cpp - what the fake libcuda launches -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See FakeKernels.h.
//===----------------------------------------------------------------------===//
#include "test/runtime/cuda/FakeKernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>
#include <vector>

using namespace lap::cuda;

namespace {

constexpr Result LaunchFailed = 719;

void *pointer(Address at) { return reinterpret_cast<void *>(at); }

/// A kernel's parameters, by its list.
template <typename Kernel> struct Reader;
template <typename... P> struct Reader<void(P...)> {
  static std::tuple<P...> read(void **parameters) {
    int index = 0;
    return std::tuple<P...>{*static_cast<P *>(parameters[index++])...};
  }
};

/// Whether the row of a table at `bytes` is that of token `id`: the file's byte i is (i * 7 + 3) mod 256.
bool isTableRow(const uint8_t *bytes, uint32_t id) {
  bool same = true;
  for (uint32_t i = 0; i < FakeTableRowBytes && same; ++i) {
    same = bytes[i] == uint8_t((FakeTableOffset + id * FakeTableRowBytes + i) * 7 + 3);
  }
  return same;
}

/// The gathered rows belong to the ids, and everything is where it should be.
bool isSound(const lap_step &step, Address gathered, int32_t reach) {
  bool good = onFakeGpu(reinterpret_cast<Address>(step.ids), step.tokens * sizeof(int32_t)) &&
              onFakeGpu(reinterpret_cast<Address>(step.places), step.tokens * sizeof(lap_row_place)) &&
              onFakeGpu(reinterpret_cast<Address>(step.arena), step.tokens * sizeof(int32_t)) &&
              onFakeGpu(gathered, step.tokens * FakeTableRowBytes);
  for (uint32_t row = 0; good && row < step.tokens; ++row) {
    good = step.places[row].position < uint32_t(reach) &&
           onFakeGpu(reinterpret_cast<Address>(step.places[row].caches), 1) &&
           isTableRow(static_cast<uint8_t *>(pointer(gathered)) + row * FakeTableRowBytes, uint32_t(step.ids[row]));
  }
  return good;
}

Result runPredict(uint64_t ids, uint64_t places, int32_t tokens, uint64_t arena, int32_t reach, uint64_t gathered) {
  lap_step step{};
  step.ids = static_cast<const int32_t *>(pointer(ids));
  step.places = static_cast<const lap_row_place *>(pointer(places));
  step.tokens = uint32_t(tokens);
  step.arena = static_cast<uint8_t *>(pointer(arena));
  if (!isSound(step, gathered, reach)) {
    return LaunchFailed;
  }
  fakePredict(&step, 0, 1);
  return Success;
}

Result runLogits(uint64_t arena, uint64_t weights, uint64_t logits, int32_t first, int32_t rows) {
  lap_step step{};
  step.arena = static_cast<uint8_t *>(pointer(arena));
  step.weights = static_cast<const uint8_t *>(pointer(weights));
  const uint64_t floats = uint64_t(rows) * FakeVocabPadded;
  if (!onFakeGpu(weights, FakeVocab) || !onFakeGpu(logits, floats * sizeof(float))) {
    return LaunchFailed;
  }
  for (int32_t row = 0; row < rows; ++row) {
    fakeLogits(&step, uint32_t(first + row), static_cast<float *>(pointer(logits)) + row * FakeVocabPadded, 0, 1);
  }
  return Success;
}

/// The grid has a row for every row that was gathered.
Result runEmbed(Address table, int64_t rowBytes, uint32_t rows) {
  const bool good = rowBytes == FakeTableRowBytes && onFakeGpu(table, rows * uint64_t(rowBytes));
  return good ? Success : LaunchFailed;
}

/// The usable logits of a row, largest first.
std::vector<lap_found_logit> usable(Address logits, Address mask, int32_t vocab) {
  std::vector<lap_found_logit> list;
  const float *row = static_cast<const float *>(pointer(logits));
  const uint8_t *bits = static_cast<const uint8_t *>(pointer(mask));
  for (int32_t id = 0; id < vocab; ++id) {
    if (row[id] > -INFINITY && (!mask || (bits[id / 8] >> id % 8 & 1))) {
      list.push_back({row[id], id});
    }
  }
  std::sort(list.begin(), list.end(), [](auto a, auto b) { return a.logit > b.logit; });
  return list;
}

bool areLogits(Address logits, Address mask, int32_t vocab) {
  return vocab == FakeVocab && onFakeGpu(logits, FakeVocabPadded * sizeof(float)) &&
         (!mask || onFakeGpu(mask, (FakeVocab + 7) / 8));
}

Result searchRow(Address logits, Address mask, Address found, int32_t vocab) {
  if (!areLogits(logits, mask, vocab) || !onFakeGpu(found, sizeof(lap_found_row))) {
    return LaunchFailed;
  }
  const std::vector<lap_found_logit> list = usable(logits, mask, vocab);
  const float bound = list.size() < FakeFound ? -INFINITY : list[FakeFound - 1].logit;
  lap_found_row &row = *static_cast<lap_found_row *>(pointer(found));
  for (lap_found_part &part : row.parts) {
    part.count = 0, part.bound = bound;
  }
  for (const lap_found_logit &entry : list) {
    lap_found_part &part = row.parts[entry.id / LAP_LOGIT_RUN % LAP_FOUND_PARTS];
    if (entry.logit >= bound && part.count++ < LAP_FOUND_MOST) {
      part.found[part.count - 1] = entry;
    }
  }
  return Success;
}

Result runSearch(Address logits, int32_t bytes, Address mask, Address found, int32_t vocab, uint32_t rows) {
  Result result = Success;
  for (uint32_t row = 0; row < rows && result == Success; ++row) {
    result = searchRow(logits + row * uint64_t(bytes), mask, found + row * sizeof(lap_found_row), vocab);
  }
  return result;
}

Result runWeigh(Address logits, Address mask, Address sums, int32_t vocab, float temperature, float largest) {
  if (!areLogits(logits, mask, vocab) || !onFakeGpu(sums, LAP_FOUND_PARTS * sizeof(float))) {
    return LaunchFailed;
  }
  float *parts = static_cast<float *>(pointer(sums));
  memset(parts, 0, LAP_FOUND_PARTS * sizeof(float));
  for (const lap_found_logit &entry : usable(logits, mask, vocab)) {
    parts[entry.id / LAP_LOGIT_RUN % LAP_FOUND_PARTS] += std::exp(entry.logit / temperature - largest);
  }
  return Success;
}

} // namespace

FakeKernel fakeKernel(const std::string &name, uint32_t rows, void **parameters) {
  if (name == "fake_embed") {
    return [p = Reader<Embed>::read(parameters), rows] { return runEmbed(std::get<0>(p), std::get<1>(p), rows); };
  }
  if (name == "fake_logit_maxima") {
    return [] { return Success; };
  }
  if (name == "fake_logit_search") {
    return [p = Reader<LogitSearch>::read(parameters), rows] {
      return runSearch(std::get<0>(p), std::get<1>(p), std::get<2>(p), std::get<4>(p), std::get<5>(p), rows);
    };
  }
  if (name == "fake_logit_weigh") {
    return [p = Reader<LogitWeigh>::read(parameters)] { return std::apply(runWeigh, p); };
  }
  if (name == "fake_predict") {
    return [p = Reader<FakePredict>::read(parameters)] { return std::apply(runPredict, p); };
  }
  return [p = Reader<FakeLogits>::read(parameters)] { return std::apply(runLogits, p); };
}
