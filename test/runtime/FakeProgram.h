//===- FakeProgram.h - a program without kernels, for runtime tests -------===//
// SPDX-License-Identifier: Apache-2.0
//
// Stands for what the compiler emits: a descriptor and the three program functions, with arithmetic simple enough to
// predict. Its "model" remembers every id in its K/V caches and makes the next id a function of the whole sequence, so
// a chunk boundary, a rewind or a lost barrier changes the answer. It reads the latest FakeWindow ids from a ring, as a
// sliding-window layer does, and those before from a cache of all positions. Logits also read the weights.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_RUNTIME_FAKEPROGRAM_H
#define LAPIDARY_TEST_RUNTIME_FAKEPROGRAM_H

#include "lapidary/ProgramAbi.h"

enum {
  FakeVocab = 265, // pad, eos, bos, 256 byte pieces, U+2581, the control tokens below
  FakeVocabPadded = 288,
  FakeContext = 64,
  FakeChunk = 8,
  FakeWindow = 8,          // ids read from the ring, which has 16 slots
  FakeWeightBytes = 70000, // byte i is (i * 7 + 3) mod 256; not a multiple of the page size
  FakeEos = 1,
  FakeSuppressed = 259,
  FakeFirstByte = 3, // id of <0x00>
  FakeChannelOpen = 260,
  FakeChannelClose,
  FakeCallOpen,
  FakeCallClose,
  FakeQuote
};

/// The likeliest id after ids[0..count): never eos.
inline int32_t fakeNext(const int32_t *ids, uint32_t count) {
  uint64_t sum = 17;
  for (uint32_t i = 0; i < count; ++i) {
    sum += (uint64_t(ids[i]) + 1) * (i + 3);
  }
  return FakeFirstByte + int32_t(sum % 256);
}

/// What the model says instead, for as long as it lasts: ids[i] follows the sequence of start + i ids.
struct FakeScript {
  uint32_t start, count;
  int32_t ids[64];
};
extern FakeScript fakeScript;

/// What the program functions do. Row r of a call: the id that follows, written to arena[r] by lane r % lanes.
void fakePredict(const lap_step *step, uint32_t lane, uint32_t lanes);
/// The logits of row `row`, of which the arena has the id that follows.
void fakeLogits(const lap_step *step, uint32_t row, float *logits, uint32_t lane, uint32_t lanes);

/// The fake's descriptor may be changed by tests (restore it afterwards).
lap_program &fakeDescriptor();

#endif // LAPIDARY_TEST_RUNTIME_FAKEPROGRAM_H
