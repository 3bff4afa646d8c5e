// RoofKernels.cpp - the loops that machine-roof times.
// SPDX-License-Identifier: Apache-2.0
//
// See RoofKernels.h. One template per loop; what differs is the function's target attribute, hence the macros: an
// attribute cannot be a template parameter.
#include "tools/bench/RoofKernels.h"

namespace lapidary::roof {

namespace {

constexpr uint64_t PrefetchBytes = 4 * StripBytes; // ahead of each stream

/// Keeps a value alive without storing it. Vectors and their spills stay out of the timed loop.
template <typename T> inline void keep(T &value) { asm volatile("" : : "m"(value)); }

// always_inline, so that the loop is compiled for its caller's target.
template <typename Vector, uint32_t Streams, bool Prefetch>
[[gnu::always_inline]] inline void readStreams(const uint8_t *memory, uint64_t bytes) {
  const uint64_t part = bytes / Streams;
  constexpr uint32_t Sums = 4; // independent sums, so that additions never wait for each other
  Vector sums[Sums] = {};
  for (uint64_t at = 0; at < part; at += StripBytes) {
    for (uint32_t stream = 0; stream < Streams; ++stream) {
      const uint8_t *strip = memory + stream * part + at;
      if (Prefetch) {
        for (uint64_t line = 0; line < StripBytes; line += 64) {
          __builtin_prefetch(strip + PrefetchBytes + line); // past the end: a prefetch never faults
        }
      }
#pragma GCC unroll 16
      for (uint64_t i = 0; i < StripBytes / sizeof(Vector); ++i) {
        sums[i % Sums] += *reinterpret_cast<const Vector *>(strip + i * sizeof(Vector));
      }
    }
  }
  for (Vector &sum : sums) {
    keep(sum);
  }
}

#define READER(target, Vector, Streams, Prefetch)                                                                      \
  {Streams, Prefetch,                                                                                                  \
   [](const uint8_t *memory, uint64_t bytes) target { readStreams<Vector, Streams, Prefetch>(memory, bytes); }}
#define READERS(target, Vector)                                                                                        \
  {READER(target, Vector, 1, false), READER(target, Vector, 1, true),  READER(target, Vector, 2, false),               \
   READER(target, Vector, 2, true),  READER(target, Vector, 4, false), READER(target, Vector, 4, true),                \
   READER(target, Vector, 8, false), READER(target, Vector, 8, true)}

#if defined(__x86_64__)

#define WITH(features) __attribute__((target(features)))

typedef uint64_t Vector512 __attribute__((vector_size(64), may_alias));
typedef uint64_t Vector256 __attribute__((vector_size(32), may_alias));

// 12 accumulators: latency 4 or 5 times 2 instructions a cycle, and some to spare.
#define TWELVE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define DECLARE(k) Vector a##k = {};
#define KEEP(k) keep(a##k);

// Assembly, because the operands never change and a compiler would fold the loop away.
#define VPDPBUSD(k) asm volatile("vpdpbusd %2, %1, %0" : "+v"(a##k) : "v"(u), "v"(s));
#define VPDPBUSD_VEX(k) asm volatile("%{vex%} vpdpbusd %2, %1, %0" : "+x"(a##k) : "x"(u), "x"(s));
#define VPMADDUBSW(k)                                                                                                  \
  {                                                                                                                    \
    Vector pairs, fours;                                                                                               \
    asm volatile("vpmaddubsw %4, %3, %1\n\tvpmaddwd %5, %1, %2\n\tvpaddd %2, %0, %0"                                   \
                 : "+x"(a##k), "=&x"(pairs), "=&x"(fours)                                                              \
                 : "x"(u), "x"(s), "x"(ones));                                                                         \
  }

#define DOT_LOOP(name, features, Type, INSTRUCTION)                                                                    \
  WITH(features) void name(uint64_t rounds) {                                                                          \
    typedef Type Vector;                                                                                               \
    Vector u = {}, s = {}, ones = {};                                                                                  \
    TWELVE(DECLARE)                                                                                                    \
    for (uint64_t i = 0; i < rounds; ++i) {                                                                            \
      TWELVE(INSTRUCTION)                                                                                              \
    }                                                                                                                  \
    TWELVE(KEEP)                                                                                                       \
    keep(ones);                                                                                                        \
  }

DOT_LOOP(dotAvx512Vnni, "avx512f,avx512vnni", Vector512, VPDPBUSD)
DOT_LOOP(dotAvxVnni, "avx2,avxvnni", Vector256, VPDPBUSD_VEX)
DOT_LOOP(dotAvx2, "avx2", Vector256, VPMADDUBSW)

#endif

typedef uint64_t Vector128 __attribute__((vector_size(16), may_alias));

} // namespace

std::vector<Reader> readers() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    return READERS(WITH("avx512f"), Vector512);
  }
  if (__builtin_cpu_supports("avx2")) {
    return READERS(WITH("avx2"), Vector256);
  }
#endif
  return READERS(, Vector128);
}

DotLoop dotLoop() {
#if defined(__x86_64__)
  // Per instruction: 64 or 32 products, each a multiplication and an addition.
  if (__builtin_cpu_supports("avx512vnni")) {
    return {"vpdpbusd zmm", 12 * 128, dotAvx512Vnni};
  }
  if (__builtin_cpu_supports("avxvnni")) {
    return {"vpdpbusd ymm", 12 * 64, dotAvxVnni};
  }
  if (__builtin_cpu_supports("avx2")) {
    return {"vpmaddubsw + vpmaddwd + vpaddd ymm", 12 * 64, dotAvx2};
  }
#endif
  return {"none", 0, nullptr};
}

} // namespace lapidary::roof
