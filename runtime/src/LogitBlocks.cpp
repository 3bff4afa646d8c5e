//===- LogitBlocks.cpp - the largest logits without looking at all twice --===//
// SPDX-License-Identifier: Apache-2.0
//
// See LogitBlocks.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/LogitBlocks.h"

namespace lap {

namespace {

constexpr float None = -__builtin_inff();
constexpr uint32_t Wide = 8;
using Vector = float __attribute__((vector_size(4 * Wide), aligned(4)));

/// The largest of values[count] above minus infinity, NaN left out.
float largest(const float *values, uint32_t count) {
  Vector most = None - Vector{};
  uint32_t i = 0;
  for (; i + Wide <= count; i += Wide) {
    const Vector next = *reinterpret_cast<const Vector *>(values + i);
    most = next > most ? next : most;
  }
  float result = None;
  for (uint32_t lane = 0; lane < Wide; ++lane) {
    result = most[lane] > result ? most[lane] : result;
  }
  for (; i < count; ++i) {
    result = values[i] > result ? values[i] : result;
  }
  return result;
}

} // namespace

LogitBlocks::LogitBlocks(const lap_program &program, const float *logits, const uint64_t *allowed)
    : program(program), logits(logits), allowed(allowed) {
  size = ((program.vocab + MostBlocks - 1) / MostBlocks + 63) / 64 * 64;
  blocks = (program.vocab + size - 1) / size;
  for (uint32_t block = 0; block < blocks; ++block) {
    const uint32_t first = block * size, end = first + size < program.vocab ? first + size : program.vocab;
    maxima[block] = None;
    if (allUsable(first, end)) {
      maxima[block] = largest(logits + first, end - first);
    } else {
      forUsable(block, [&](int32_t, float logit) { maxima[block] = logit > maxima[block] ? logit : maxima[block]; });
    }
  }
}

bool LogitBlocks::usable(uint32_t id) const {
  if (allowed && !(allowed[id / 64] >> id % 64 & 1)) {
    return false;
  }
  for (uint32_t i = 0; i < program.suppress_count; ++i) {
    if (static_cast<uint32_t>(program.suppress[i]) == id) {
      return false;
    }
  }
  return true;
}

/// True when nothing in [first, end) is suppressed or not allowed.
bool LogitBlocks::allUsable(uint32_t first, uint32_t end) const {
  for (uint32_t i = 0; i < program.suppress_count; ++i) {
    const uint32_t id = static_cast<uint32_t>(program.suppress[i]);
    if (id >= first && id < end) {
      return false;
    }
  }
  for (uint32_t word = first / 64; allowed && word < (end + 63) / 64; ++word) {
    const uint32_t bits = end - word * 64;
    if (~allowed[word] & (bits < 64 ? (uint64_t(1) << bits) - 1 : ~uint64_t(0))) {
      return false;
    }
  }
  return true;
}

int32_t LogitBlocks::best() const {
  uint32_t chosen = 0;
  for (uint32_t block = 1; block < blocks; ++block) {
    chosen = maxima[block] > maxima[chosen] ? block : chosen;
  }
  int32_t id = -1;
  forUsable(chosen, [&](int32_t other, float logit) { id = id < 0 && logit == maxima[chosen] ? other : id; });
  return id;
}

} // namespace lap
