//===- FakeKernels.cpp - what the fake libcuda launches -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See FakeKernels.h.
//===----------------------------------------------------------------------===//
#include "test/runtime/cuda/FakeKernels.h"

#include <tuple>

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

} // namespace

FakeKernel fakeKernel(const std::string &name, uint32_t rows, void **parameters) {
  if (name == "fake_embed") {
    return [p = Reader<Embed>::read(parameters), rows] { return runEmbed(std::get<0>(p), std::get<1>(p), rows); };
  }
  if (name == "fake_predict") {
    return [p = Reader<FakePredict>::read(parameters)] { return std::apply(runPredict, p); };
  }
  return [p = Reader<FakeLogits>::read(parameters)] { return std::apply(runLogits, p); };
}
