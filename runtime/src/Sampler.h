//===- Sampler.h - the next token from a row of logits --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Does what Hugging Face transformers does, in its order: suppressed ids, temperature, top_k, top_p, one draw. Sums
// are in double and in a fixed order, random numbers come from our own generator: the same seed gives the same text on
// every machine. Scratch is reserved by the session; sampling allocates nothing.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SAMPLER_H
#define LAPIDARY_RUNTIME_SAMPLER_H

#include "lapidary/ProgramAbi.h"
#include "lapidary/lapidary.h"
#include "runtime/src/LogitBlocks.h"

#include <math.h>

namespace lap {

/// PCG32 (O'Neill 2014, XSH-RR): 64 bits of state, 32 bits out.
class Random {
public:
  void seed(uint64_t seed);
  uint32_t next();
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform();
  uint64_t position() const { return state; }
  void continueFrom(uint64_t position) { state = position; }

private:
  uint64_t state = 0;
};

struct Candidate {
  float logit;
  int32_t id;
};

/// What is known of a row of logits that is elsewhere (a device's memory): some usable ids and their logits, in the
/// sampler's scratch.
struct KnownLogits {
  uint32_t count = 0;     // scratch[count], each id once
  float bound = INFINITY; // no other usable id's logit is as large; minus infinity: there is no other
  /// Between which the sum of all usable ids' weights lies, e to the power of (logit - largest) / temperature.
  double leastTotal = 0, mostTotal = INFINITY;
};

struct Sampler {
  const lap_program *program = nullptr; // vocab and suppress list
  Candidate *scratch = nullptr;         // [vocab]
  Random random;

  enum { Unsure = -2 };

  /// The id drawn from logits[vocab], or -1 if no logit is a number above minus infinity. sampling is in range. Only
  /// ids whose bit is set in `allowed` (id % 64 of word id / 64) are considered; null: all.
  int32_t sample(const float *logits, const lap_sampling &sampling, const uint64_t *allowed = nullptr);
  /// The same for temperature 0: the lowest id of the largest logit.
  int32_t greedy(const float *logits, const uint64_t *allowed = nullptr) const;

  /// The id that `sample` would draw from the whole row, if what is known decides it; otherwise Unsure, and no random
  /// number is used up. The scratch is used up.
  int32_t sampleKnown(const KnownLogits &known, const lap_sampling &sampling);
  /// Whether an id with that logit may be drawn: not suppressed, allowed, a number above minus infinity.
  bool isUsable(Candidate candidate, const uint64_t *allowed) const;

private:
  float lowerBound(const LogitBlocks &blocks, uint32_t topK);
  uint32_t gather(const LogitBlocks &blocks, float temperature, float bound);
  uint32_t popLargest(uint32_t count, uint32_t topK);
  int32_t drawGathered(uint32_t count, float largest, const lap_sampling &sampling);
  int32_t drawNucleus(uint32_t count, uint32_t ordered, uint32_t kept, float largest, float topP);
  int32_t drawKnownNucleus(const KnownLogits &known, float least, float largest, float topP);
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_SAMPLER_H
