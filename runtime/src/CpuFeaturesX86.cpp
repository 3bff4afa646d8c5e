//===- CpuFeaturesX86.cpp - features of x86-64 by cpuid --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Bit positions: Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E. XCR0 bits: SDM volume 1, 13.3.
//===----------------------------------------------------------------------===//
#if defined(__x86_64__)

#include "runtime/src/CpuFeatures.h"

#include <cpuid.h>
#include <string.h>

namespace lap {

namespace {

enum Register : uint8_t { A, B, C, D };
enum Saved : uint8_t { Nothing = 0, Avx = 0x06, Avx512 = 0xe6 }; // XCR0 bits the system must have set
constexpr uint32_t Amx = 0x60000;

struct Feature {
  const char *name;
  uint32_t leaf, subleaf;
  Register reg;
  uint8_t bit;
  uint32_t saved;
};

constexpr Feature Features[] = {
    {"sse", 1, 0, D, 25, Nothing},
    {"sse2", 1, 0, D, 26, Nothing},
    {"fxsr", 1, 0, D, 24, Nothing},
    {"cx8", 1, 0, D, 8, Nothing},
    {"cmov", 1, 0, D, 15, Nothing},
    {"mmx", 1, 0, D, 23, Nothing},
    {"pni", 1, 0, C, 0, Nothing},
    {"pclmulqdq", 1, 0, C, 1, Nothing},
    {"ssse3", 1, 0, C, 9, Nothing},
    {"fma", 1, 0, C, 12, Avx},
    {"cx16", 1, 0, C, 13, Nothing},
    {"sse4_1", 1, 0, C, 19, Nothing},
    {"sse4_2", 1, 0, C, 20, Nothing},
    {"movbe", 1, 0, C, 22, Nothing},
    {"popcnt", 1, 0, C, 23, Nothing},
    {"aes", 1, 0, C, 25, Nothing},
    {"xsave", 1, 0, C, 26, Nothing},
    {"avx", 1, 0, C, 28, Avx},
    {"f16c", 1, 0, C, 29, Avx},
    {"rdrand", 1, 0, C, 30, Nothing},
    {"fsgsbase", 7, 0, B, 0, Nothing},
    {"bmi1", 7, 0, B, 3, Nothing},
    {"avx2", 7, 0, B, 5, Avx},
    {"bmi2", 7, 0, B, 8, Nothing},
    {"avx512f", 7, 0, B, 16, Avx512},
    {"avx512dq", 7, 0, B, 17, Avx512},
    {"rdseed", 7, 0, B, 18, Nothing},
    {"adx", 7, 0, B, 19, Nothing},
    {"avx512ifma", 7, 0, B, 21, Avx512},
    {"clflushopt", 7, 0, B, 23, Nothing},
    {"clwb", 7, 0, B, 24, Nothing},
    {"avx512cd", 7, 0, B, 28, Avx512},
    {"sha_ni", 7, 0, B, 29, Nothing},
    {"avx512bw", 7, 0, B, 30, Avx512},
    {"avx512vl", 7, 0, B, 31, Avx512},
    {"avx512vbmi", 7, 0, C, 1, Avx512},
    {"avx512_vbmi2", 7, 0, C, 6, Avx512},
    {"gfni", 7, 0, C, 8, Nothing},
    {"vaes", 7, 0, C, 9, Avx},
    {"vpclmulqdq", 7, 0, C, 10, Avx},
    {"avx512_vnni", 7, 0, C, 11, Avx512},
    {"avx512_bitalg", 7, 0, C, 12, Avx512},
    {"avx512_vpopcntdq", 7, 0, C, 14, Avx512},
    {"avx512_vp2intersect", 7, 0, D, 8, Avx512},
    {"amx_bf16", 7, 0, D, 22, Amx},
    {"avx512_fp16", 7, 0, D, 23, Avx512},
    {"amx_tile", 7, 0, D, 24, Amx},
    {"amx_int8", 7, 0, D, 25, Amx},
    {"avx_vnni", 7, 1, A, 4, Avx},
    {"avx512_bf16", 7, 1, A, 5, Avx512},
    {"avx_ifma", 7, 1, A, 23, Avx},
    {"avx_vnni_int8", 7, 1, D, 4, Avx},
    {"avx_ne_convert", 7, 1, D, 5, Avx},
    {"avx_vnni_int16", 7, 1, D, 10, Avx},
    {"lahf_lm", 0x80000001, 0, C, 0, Nothing},
    {"abm", 0x80000001, 0, C, 5, Nothing},
    {"sse4a", 0x80000001, 0, C, 6, Nothing},
    {"fma4", 0x80000001, 0, C, 16, Avx},
    {"lm", 0x80000001, 0, D, 29, Nothing},
};

/// XCR0: which register files the operating system saves at a context switch; 0 without OSXSAVE.
uint64_t savedState() {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) {
    return 0;
  }
  uint32_t low, high;
  __asm__ __volatile__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

} // namespace

bool cpuHasFeature(const char *name, size_t bytes) {
  for (const Feature &feature : Features) {
    if (strlen(feature.name) != bytes || memcmp(feature.name, name, bytes) != 0) {
      continue;
    }
    uint32_t registers[4];
    return __get_cpuid_count(feature.leaf, feature.subleaf, &registers[A], &registers[B], &registers[C],
                             &registers[D]) &&
           (registers[feature.reg] >> feature.bit & 1) && (savedState() & feature.saved) == feature.saved;
  }
  return false;
}

} // namespace lap

#endif
