//===- Sampler.cpp - temperature, top_k, top_p, draw ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Candidates go into a max-heap; popping moves the largest behind the heap, so the kept ones end up in descending order
// at the end of the array: best at [count - 1]. top_k pops k times instead of sorting 262,144 logits.
//===----------------------------------------------------------------------===//
#include "runtime/src/Sampler.h"

#include <math.h>

namespace lap {

void Random::seed(uint64_t seed) {
  state = 0;
  next();
  state += seed;
  next();
}

uint32_t Random::next() {
  uint64_t old = state;
  state = old * 6364136223846793005ull + 1442695040888963407ull;
  uint32_t shifted = static_cast<uint32_t>(((old >> 18) ^ old) >> 27);
  uint32_t turn = static_cast<uint32_t>(old >> 59);
  return (shifted >> turn) | (shifted << ((32 - turn) & 31));
}

double Random::uniform() {
  uint64_t high = next() >> 5, low = next() >> 6; // 27 and 26 bits
  return static_cast<double>(high << 26 | low) * 0x1p-53;
}

namespace {

/// Larger logit first; the lower id wins ties, so the order is total.
bool before(const Candidate &a, const Candidate &b) { return a.logit > b.logit || (a.logit == b.logit && a.id < b.id); }

void siftDown(Candidate *heap, uint32_t count, uint32_t root) {
  Candidate value = heap[root];
  for (uint32_t child; (child = 2 * root + 1) < count; root = child) {
    child += child + 1 < count && before(heap[child + 1], heap[child]);
    if (!before(heap[child], value)) {
      break;
    }
    heap[root] = heap[child];
  }
  heap[root] = value;
}

void makeHeap(Candidate *heap, uint32_t count) {
  for (uint32_t root = count / 2; root-- > 0;) {
    siftDown(heap, count, root);
  }
}

/// Moves the largest of heap[0..count) to heap[count - 1].
void pop(Candidate *heap, uint32_t count) {
  Candidate largest = heap[0];
  heap[0] = heap[count - 1];
  heap[count - 1] = largest;
  siftDown(heap, count - 1, 0);
}

double weight(const Candidate &candidate, float largest) {
  return exp(static_cast<double>(candidate.logit) - static_cast<double>(largest));
}

/// Kept candidates are c[end - kept .. end), best last. Draws one in proportion to its weight.
int32_t draw(const Candidate *c, uint32_t end, uint32_t kept, float largest, double total, double uniform) {
  double target = uniform * total;
  for (uint32_t i = 1; i < kept; ++i) {
    target -= weight(c[end - i], largest);
    if (target < 0) {
      return c[end - i].id;
    }
  }
  return c[end - kept].id;
}

} // namespace

int32_t Sampler::greedy(const float *logits, const uint64_t *allowed) const {
  return LogitBlocks(*program, logits, allowed).best();
}

/// A logit that the top_k-th largest is not below; minus infinity when there are too few blocks to know.
float Sampler::lowerBound(const LogitBlocks &blocks, uint32_t topK) {
  uint32_t count = 0;
  for (uint32_t block = 0; block < blocks.count(); ++block) {
    if (blocks.maximum(block) > -INFINITY) {
      scratch[count++] = {blocks.maximum(block), static_cast<int32_t>(block)};
    }
  }
  if (topK > count) {
    return -INFINITY;
  }
  makeHeap(scratch, count);
  for (uint32_t popped = 0; popped + 1 < topK; ++popped) {
    pop(scratch, count - popped);
  }
  return scratch[0].logit;
}

/// Fills scratch with the usable logits not below `bound`, divided by the temperature; returns their number.
uint32_t Sampler::gather(const LogitBlocks &blocks, float temperature, float bound) {
  const float least = bound / temperature; // rounding keeps the order, and may make equal what was not
  uint32_t count = 0;
  for (uint32_t block = 0; block < blocks.count(); ++block) {
    if (blocks.maximum(block) / temperature >= least) {
      blocks.forUsable(block, [&](int32_t id, float logit) {
        if (logit / temperature >= least) {
          scratch[count++] = {logit / temperature, id};
        }
      });
    }
  }
  return count;
}

int32_t Sampler::sample(const float *logits, const lap_sampling &sampling, const uint64_t *allowed) {
  const LogitBlocks blocks(*program, logits, allowed);
  const int32_t best = blocks.best();
  if (sampling.temperature == 0 || best < 0 || isinf(logits[best] / sampling.temperature)) {
    return best; // so cold that the division overflows: the limit is greedy
  }
  // Without top_k all probabilities count; with it the sums are over what it keeps, so the rest need not be gathered.
  const float bound = sampling.top_k != 0 ? lowerBound(blocks, sampling.top_k) : -INFINITY;
  uint32_t count = gather(blocks, sampling.temperature, bound);
  const bool limited = bound > -INFINITY || (sampling.top_k != 0 && sampling.top_k < count);
  float largest = logits[best] / sampling.temperature;
  uint32_t kept = count;
  if (limited || sampling.top_p < 1) {
    makeHeap(scratch, count);
  }
  uint32_t ordered = 0; // popped so far
  if (limited) {
    while (ordered < sampling.top_k || (ordered < count && scratch[0].logit == scratch[count - ordered].logit)) {
      pop(scratch, count - ordered++);
    }
    kept = ordered;
  }
  double total = 0;
  for (uint32_t i = 1; i <= kept; ++i) {
    total += weight(scratch[count - i], largest);
  }
  if (sampling.top_p < 1) {
    double bound = static_cast<double>(sampling.top_p) * total, sum = 0;
    uint32_t nucleus = 0;
    while (nucleus < kept && (nucleus == 0 || sum < bound)) {
      if (nucleus == ordered) {
        pop(scratch, count - ordered++);
      }
      sum += weight(scratch[count - ++nucleus], largest);
    }
    kept = nucleus;
    total = sum;
  }
  return draw(scratch, count, kept, largest, total, random.uniform());
}

} // namespace lap
