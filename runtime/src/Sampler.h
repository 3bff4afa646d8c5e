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

struct Sampler {
  const lap_program *program = nullptr; // vocab and suppress list
  Candidate *scratch = nullptr;         // [vocab]
  Random random;

  /// The id drawn from logits[vocab], or -1 if no logit is a number above minus infinity. sampling is in range. Only
  /// ids whose bit is set in `allowed` (id % 64 of word id / 64) are considered; null: all.
  int32_t sample(const float *logits, const lap_sampling &sampling, const uint64_t *allowed = nullptr);
  /// The same for temperature 0: the lowest id of the largest logit.
  int32_t greedy(const float *logits, const uint64_t *allowed = nullptr) const;

private:
  float lowerBound(const LogitBlocks &blocks, uint32_t topK);
  uint32_t gather(const LogitBlocks &blocks, float temperature, float bound);
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_SAMPLER_H
