// IntegerAttentionTest.cpp - attention over int8 caches, bit for bit.
// SPDX-License-Identifier: Apache-2.0
//
// The kernel of version 66, under an emulator, against its definition (targets/common/algorithms/Attention.h) written
// out in scalar code: rows and heads of all sizes, rings that wrap, rows that see a part or nothing, the largest sums
// that there are. One program without a test library; it says what is wrong and ends with 1.
#include "targets/hexagon/kernels/Math.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <vector>

using namespace lap::hexagon;
using lap::Array;
using lap::LargestFactor;
using lap::LeastQuery;

extern "C" lap::AttentionSliceKernel i8_attention_slice_8x16_hvx66;

namespace {

struct Shape {
  int queries, dim, blocks, firstBlock, ring;
};

/// What a call reads: query [row][dim], key [ring block][dim][16], value [part][ring block][16 keys][16 columns].
struct Inputs {
  std::vector<float> query;
  std::vector<int8_t> key, value;
  std::vector<int32_t> low, high;
};

struct Results {
  std::vector<float> maximum, total, sum; // [row], [row], [row][dim]
  explicit Results(const Shape &s) : maximum(s.queries), total(s.queries), sum(s.queries * s.dim) {}
};

constexpr int Position = 512; // of the first key

uint32_t state = 1;
int random(int below) {
  state = state * 1664525 + 1013904223;
  return static_cast<int>((state >> 8) % static_cast<uint32_t>(below));
}

/// Row 0 sees all, row 1 nothing, row 2 has a query of zeros; the others see some.
Inputs randomInputs(const Shape &s) {
  Inputs in;
  for (int i = 0; i < s.queries * s.dim; ++i) {
    in.query.push_back(i / s.dim == 2 ? 0.0f : static_cast<float>(random(20001) - 10000) * 3e-7f);
  }
  for (int i = 0; i < s.ring * 16 * s.dim; ++i) {
    in.key.push_back(static_cast<int8_t>(random(256) - 128));
    in.value.push_back(static_cast<int8_t>(random(256) - 128));
  }
  for (int q = 0, keys = s.blocks * 16; q < s.queries; ++q) {
    const int first = random(keys), last = first + random(keys - first + 8);
    in.low.push_back(Position + (q == 0 ? -40 : q == 1 ? 1 - Position : first));
    in.high.push_back(Position + (q == 0 ? keys + 40 : q == 1 ? -Position : last));
  }
  return in;
}

/// All elements of the caches are the least or the largest integer, and so are the factors: dots and sums are as large
/// as they can be.
Inputs extremeInputs(const Shape &s, int8_t element) {
  Inputs in = {std::vector<float>(s.queries * s.dim, -1.0f), std::vector<int8_t>(s.ring * 16 * s.dim, element),
               std::vector<int8_t>(s.ring * 16 * s.dim, element), std::vector<int32_t>(s.queries, Position),
               std::vector<int32_t>(s.queries, Position + s.blocks * 16)};
  for (int d = 0; d < s.dim; ++d) {
    in.query[d] = 1.0f;
  }
  return in;
}

Results callKernel(const Shape &s, const Inputs &in) {
  Results out(s);
  Array query(in.query.data(), {s.dim, 1}, {s.queries, s.dim});
  Array key(in.key.data(), {16, 1}, {s.dim, 16}, {s.ring, s.dim * 16});
  Array value(in.value.data(), {16, 1}, {16, 16}, {s.ring, 256}, {s.dim / 16, s.ring * 256});
  Array low(in.low.data(), {s.queries, 1}), high(in.high.data(), {s.queries, 1});
  Array maximum(out.maximum.data(), {s.queries, 1}), total(out.total.data(), {s.queries, 1});
  Array sum(out.sum.data(), {16, 1}, {s.dim / 16, 16}, {s.queries, s.dim});
  i8_attention_slice_8x16_hvx66(query, key, value, low, high, Position, s.firstBlock, s.blocks, s.ring, maximum, total,
                                sum);
  return out;
}

/// round(x), ties to even.
int32_t whole(float x) { return static_cast<int32_t>(nearbyintf(x)); }

std::vector<int32_t> roundedQuery(const float *query, int dim, float largest) {
  const float inverse = largest > LeastQuery ? LargestFactor / largest : 0.0f;
  std::vector<int32_t> rounded;
  for (int d = 0; d < dim; ++d) {
    rounded.push_back(whole(query[d] * inverse));
  }
  return rounded;
}

void defineRow(const Shape &s, const Inputs &in, int q, Results &out) {
  const float *query = &in.query[q * s.dim];
  float largest = 0.0f;
  for (int d = 0; d < s.dim; ++d) {
    largest = fmaxf(largest, fabsf(query[d]));
  }
  const std::vector<int32_t> rounded = roundedQuery(query, s.dim, largest);
  std::vector<float> scores;
  float maximum = -FLT_MAX;
  for (int k = 0; k < s.blocks * 16; ++k) {
    const int slot = (s.firstBlock + k / 16) % s.ring;
    int32_t dot = 0;
    for (int d = 0; d < s.dim; ++d) {
      dot += in.key[(slot * s.dim + d) * 16 + k % 16] * rounded[d];
    }
    const bool visible = Position + k >= in.low[q] && Position + k <= in.high[q];
    scores.push_back(visible ? static_cast<float>(dot) * (largest * (1.0f / LargestFactor)) : -FLT_MAX);
    maximum = fmaxf(maximum, scores.back());
  }
  int32_t total = 0;
  std::vector<int32_t> sums(s.dim);
  for (int k = 0; k < s.blocks * 16; ++k) {
    const int slot = (s.firstBlock + k / 16) % s.ring;
    const float weight = scores[k] == -FLT_MAX ? 0.0f : exponential(scores[k] - maximum);
    const int32_t w = whole(weight * LargestFactor);
    total += w;
    for (int d = 0; d < s.dim; ++d) {
      sums[d] += in.value[((d / 16 * s.ring + slot) * 16 + k % 16) * 16 + d % 16] * w;
    }
  }
  out.maximum[q] = maximum, out.total[q] = static_cast<float>(total);
  for (int d = 0; d < s.dim; ++d) {
    out.sum[q * s.dim + d] = static_cast<float>(sums[d]);
  }
}

int checks = 0, failures = 0;

void expectSame(const char *what, const Shape &s, const std::vector<float> &got, const std::vector<float> &expected) {
  ++checks;
  if (memcmp(got.data(), expected.data(), got.size() * sizeof(float)) == 0) {
    return;
  }
  size_t i = 0;
  while (memcmp(&got[i], &expected[i], sizeof(float)) == 0) {
    ++i;
  }
  printf("%d rows, head of %d, %d blocks: %s %zu is %.9g instead of %.9g\n", s.queries, s.dim, s.blocks, what, i,
         static_cast<double>(got[i]), static_cast<double>(expected[i]));
  ++failures;
}

void check(const Shape &s, const Inputs &in) {
  const Results got = callKernel(s, in);
  Results expected(s);
  for (int q = 0; q < s.queries; ++q) {
    defineRow(s, in, q, expected);
  }
  expectSame("maximum", s, got.maximum, expected.maximum);
  expectSame("total", s, got.total, expected.total);
  expectSame("sum", s, got.sum, expected.sum);
}

} // namespace

int main() {
  for (int queries : {1, 2, 4, 8}) {
    for (const Shape &s : {Shape{queries, 16, 1, 0, 1}, Shape{queries, 48, 3, 2, 4}, Shape{queries, 64, 32, 0, 32},
                           Shape{queries, 256, 7, 5, 9}, Shape{queries, 512, 4, 0, 6}}) {
      check(s, randomInputs(s));
    }
  }
  const Shape largest = {8, 512, 32, 0, 32};
  check(largest, extremeInputs(largest, -128));
  check(largest, extremeInputs(largest, 127));
  printf(failures == 0 && checks == 66 ? "Success!\n" : "%d of %d checks failed\n", failures, checks);
  return failures != 0 || checks != 66;
}
