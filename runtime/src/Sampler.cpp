//===- Sampler.cpp - temperature, top_k, top_p, draw ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Candidates go into a max-heap; popping moves the largest behind the heap, so the kept ones end up in descending order
// at the end of the array: best at [count - 1]. top_k pops k times instead of sorting 262,144 logits.
//
// sampleKnown decides from a part of the row. Sums over what top_k keeps, or over a nucleus, run over the largest
// logits in their order, so they have the same bits as with the whole row; a nucleus's end is a comparison with a share
// of the total, of which bounds are enough unless they fall on both sides of it.
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

using Order = bool(const Candidate &, const Candidate &);

bool laterId(const Candidate &a, const Candidate &b) { return a.id > b.id; }

template <Order before> void siftDown(Candidate *heap, uint32_t count, uint32_t root) {
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

template <Order order = before> void makeHeap(Candidate *heap, uint32_t count) {
  for (uint32_t root = count / 2; root-- > 0;) {
    siftDown<order>(heap, count, root);
  }
}

/// Moves the first of heap[0..count) to heap[count - 1].
template <Order order = before> void pop(Candidate *heap, uint32_t count) {
  Candidate first = heap[0];
  heap[0] = heap[count - 1];
  heap[count - 1] = first;
  siftDown<order>(heap, count - 1, 0);
}

void sortById(Candidate *list, uint32_t count) {
  makeHeap<laterId>(list, count);
  for (uint32_t left = count; left > 1; --left) {
    pop<laterId>(list, left);
  }
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

/// Makes a heap of scratch[count] and moves the topK (at most count) largest, and what equals the last of them, behind
/// it; returns how many.
uint32_t Sampler::popLargest(uint32_t count, uint32_t topK) {
  uint32_t popped = 0;
  makeHeap(scratch, count);
  while (popped < topK || (popped < count && scratch[0].logit == scratch[count - popped].logit)) {
    pop(scratch, count - popped++);
  }
  return popped;
}

/// Draws from the `kept` candidates at the end of scratch[count], of which the last `ordered` are in their order and
/// the others a heap, or in no order if all are wanted.
int32_t Sampler::drawNucleus(uint32_t count, uint32_t ordered, uint32_t kept, float largest, float topP) {
  double total = 0;
  for (uint32_t i = 1; i <= kept; ++i) {
    total += weight(scratch[count - i], largest);
  }
  if (topP < 1) {
    double bound = static_cast<double>(topP) * total, sum = 0;
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

/// Draws from scratch[count], logits divided by the temperature and in the order of their ids: all usable ones, or with
/// top_k at least those that it keeps.
int32_t Sampler::drawGathered(uint32_t count, float largest, const lap_sampling &sampling) {
  if (sampling.top_k != 0 && sampling.top_k <= count) {
    const uint32_t kept = popLargest(count, sampling.top_k);
    return drawNucleus(count, kept, kept, largest, sampling.top_p);
  }
  if (sampling.top_p < 1) {
    makeHeap(scratch, count);
  }
  return drawNucleus(count, 0, count, largest, sampling.top_p);
}

int32_t Sampler::sample(const float *logits, const lap_sampling &sampling, const uint64_t *allowed) {
  const LogitBlocks blocks(*program, logits, allowed);
  const int32_t best = blocks.best();
  if (sampling.temperature == 0 || best < 0 || isinf(logits[best] / sampling.temperature)) {
    return best; // so cold that the division overflows: the limit is greedy
  }
  // Without top_k all probabilities count; with it the sums are over what it keeps, so the rest need not be gathered.
  const float bound = sampling.top_k != 0 ? lowerBound(blocks, sampling.top_k) : -INFINITY;
  const uint32_t count = gather(blocks, sampling.temperature, bound);
  return drawGathered(count, logits[best] / sampling.temperature, sampling);
}

bool Sampler::isUsable(Candidate candidate, const uint64_t *allowed) const {
  const uint32_t id = static_cast<uint32_t>(candidate.id);
  bool usable = candidate.logit > -INFINITY && (!allowed || (allowed[id / 64] >> id % 64 & 1));
  for (uint32_t i = 0; i < program->suppress_count; ++i) {
    usable &= program->suppress[i] != candidate.id;
  }
  return usable;
}

/// With top_p alone: the nucleus ends where its sum reaches top_p of the total. `least`: unknown logits are at most
/// that.
int32_t Sampler::drawKnownNucleus(const KnownLogits &known, float least, float largest, float topP) {
  const uint32_t count = known.count;
  const double from = static_cast<double>(topP) * known.leastTotal, to = static_cast<double>(topP) * known.mostTotal;
  double sum = 0;
  uint32_t nucleus = 0;
  makeHeap(scratch, count);
  while (nucleus == 0 || sum < from) {
    if (nucleus == count) {
      return Unsure;
    }
    pop(scratch, count - nucleus);
    sum += weight(scratch[count - ++nucleus], largest);
  }
  const bool sure = sum >= to && scratch[count - nucleus].logit > least;
  return sure ? draw(scratch, count, nucleus, largest, sum, random.uniform()) : Unsure;
}

int32_t Sampler::sampleKnown(const KnownLogits &known, const lap_sampling &sampling) {
  const uint32_t count = known.count;
  const bool all = known.bound == -INFINITY;
  if (count == 0) {
    return all ? -1 : Unsure;
  }
  Candidate best = scratch[0];
  for (uint32_t i = 1; i < count; ++i) {
    best = before(scratch[i], best) ? scratch[i] : best;
  }
  const float largest = best.logit / sampling.temperature, least = known.bound / sampling.temperature;
  if (sampling.temperature == 0 || isinf(largest)) {
    return best.id;
  }
  for (uint32_t i = 0; i < count; ++i) {
    scratch[i].logit /= sampling.temperature;
  }
  if (all) {
    sortById(scratch, count);
    return drawGathered(count, largest, sampling);
  }
  if (sampling.top_k == 0) {
    return sampling.top_p < 1 ? drawKnownNucleus(known, least, largest, sampling.top_p) : static_cast<int32_t>(Unsure);
  }
  if (sampling.top_k > count) {
    return Unsure;
  }
  const uint32_t kept = popLargest(count, sampling.top_k);
  const bool sure = scratch[count - kept].logit > least; // dividing may make equal what was not
  return sure ? drawNucleus(count, kept, kept, largest, sampling.top_p) : static_cast<int32_t>(Unsure);
}

} // namespace lap
